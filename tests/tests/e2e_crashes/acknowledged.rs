//! What the server has acknowledged is there when it comes back: it is killed the moment its answer is here.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use keyfold_client::{
    Clock, SigningAlgorithm, SystemClock,
    api::Api,
    storage::SqliteStorage,
    sync::{NewAccount, SyncEngine, create_account},
    transport::{Answer, HttpsTransport, Request, Transport, TransportError, Trust},
};
use keyfold_tests::{
    Server,
    sdk::{any_passkey, passphrase, whole},
};

/// A way to the server on which it dies as soon as it has answered a write.
struct DeadlyWay {
    server: Mutex<Server>,
    way: HttpsTransport,
    deadly: AtomicBool,
}

impl DeadlyWay {
    fn to(server: Server) -> Arc<Self> {
        let trust = Trust::pinned(&std::fs::read(server.ca()).unwrap()).unwrap();
        let way = HttpsTransport::new(server.url().parse().unwrap(), &trust).unwrap();
        Arc::new(Self { server: Mutex::new(server), way, deadly: AtomicBool::new(false) })
    }

    /// From the next write on the server is dead; it comes back once the write's sender has had its answer.
    async fn survives<T>(&self, write: impl Future<Output = T>) -> T {
        self.deadly.store(true, Ordering::SeqCst);
        let written = write.await;
        assert!(!self.deadly.load(Ordering::SeqCst), "nothing was written");
        self.server.lock().unwrap().restart();
        written
    }
}

#[async_trait]
impl Transport for DeadlyWay {
    async fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
        let writes = ["/v1/accounts", "/v1/roster", "/v1/commits"].contains(&request.path.as_str());
        let answer = self.way.exchange(request).await?;
        let status = answer.status;
        let body = answer.read(1 << 24).await?;
        if writes && self.deadly.swap(false, Ordering::SeqCst) {
            self.server.lock().unwrap().kill();
        }
        Ok(whole(status, body))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_26_what_was_acknowledged_is_there_after_a_crash() {
    let server = Server::start();
    let url = server.url().parse().unwrap();
    let way = DeadlyWay::to(server);
    let api = Api::new(url, Arc::clone(&way) as _, Arc::new(SystemClock));
    let storage = Arc::new(SqliteStorage::in_memory().await.unwrap());
    let new = NewAccount {
        name: "Ana's laptop".parse().unwrap(),
        algorithm: SigningAlgorithm::Ed25519,
        passphrase: passphrase(),
        invite: String::new(),
        ca: None,
    };
    let vault = way.survives(create_account(storage, &api, new)).await.expect("an account");
    let engine = SyncEngine::new(vault, api);
    for site in ["one.example", "two.example", "three.example"] {
        engine.vault().add(&any_passkey(site, engine.vault().keys().id(), SystemClock.now()), []).await.unwrap();
        assert_eq!(way.survives(engine.sync()).await.expect("acknowledged").items_pushed, 1);
        // A server that had forgotten the commit would be behind its device.
        assert!(engine.sync().await.expect("still there").is_empty());
    }
    let device = engine.vault().keys().id();
    way.survives(engine.rename_device(device, &"Ana's old laptop".parse().unwrap())).await.expect("acknowledged");
    assert!(engine.sync().await.expect("still there").is_empty());
}
