use std::{
    collections::BTreeSet,
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, OnceLock},
    task::Poll,
};

use async_trait::async_trait;
use keyfold_client::{
    AccountId, Clock, ItemId, SigningAlgorithm, SystemClock,
    api::{Api, Frame, MemberApi, PullFrom},
    enrolment::{Approval, Claim, EnrolmentPath, NewDevice},
    storage::{SqliteStorage, Storage},
    sync::{NewAccount, SyncEngine, SyncError, create_account},
    transport::{Answer, HttpsTransport, Request, Transport, TransportError, Trust},
    vault::{LocalVault, Origin, UnlockedVault},
};
use keyfold_crypto::random;
use keyfold_tests::{
    Server,
    sdk::{any_passkey, passphrase, whole},
};
use keyfold_wire::v1::{Accepted, Heads};
use prost::Message;
use tempfile::TempDir;

use crate::record::Record;

/// A device with its profile on a disk of its own, and what it has made.
pub(crate) struct Device {
    folder: TempDir,
    engine: SyncEngine,
    way: Arc<Way>,
    url: String,
    ca: Vec<u8>,
    pub(crate) made: BTreeSet<ItemId>,
    /// Whether the last of them was acknowledged.
    sent: bool,
}

impl Device {
    pub(crate) async fn founded(servers: &[Server], record: &Arc<Record>, account: usize) -> Self {
        let mut new = Empty::new(servers, record);
        let founding = NewAccount {
            name: format!("Device 0 of account {account}").parse().unwrap(),
            algorithm: SigningAlgorithm::Ed25519,
            passphrase: passphrase(),
            invite: String::new(),
            ca: Some(new.ca.clone()),
        };
        let vault = create_account(new.storage().await, &new.api(), founding).await.unwrap();
        new.device(vault).await
    }

    pub(crate) async fn lets_in(&self, servers: &[Server], record: &Arc<Record>) -> Self {
        let mut new = Empty::new(servers, record);
        let asking = NewDevice {
            name: "Another device".parse().unwrap(),
            algorithm: SigningAlgorithm::Es256,
            passphrase: passphrase(),
            ca: Some(new.ca.clone()),
        };
        let path = EnrolmentPath::QrCode { ca_fingerprint: None };
        let offered = asking.begin(new.storage().await, new.api(), path).await.unwrap();
        let claim = Claim::QrCode(Box::new(offered.qr().unwrap().clone()), None);
        let approval = Approval::claim(&self.engine, claim).await.unwrap();
        let opened = offered.approved().await.unwrap();
        let candidate = approval.candidate().await.unwrap();
        let Ok(checked) = candidate.checked_by_qr() else { panic!("a QR code needs no check code") };
        checked.approve().await.unwrap();
        let completion = opened.completion().await.unwrap();
        let vault = opened.confirm_qr(completion).await.unwrap().join().await.unwrap();
        new.device(vault).await
    }

    pub(crate) fn account(&self) -> AccountId {
        *self.way.account.get().unwrap()
    }

    /// Makes a passkey, if the last one is sent, and tries to send it. Now and then the device's own process ends in the
    /// middle.
    pub(crate) async fn writes(mut self) -> Self {
        if std::mem::take(&mut self.sent) {
            let passkey = any_passkey("shop.example", self.engine.vault().keys().id(), SystemClock.now());
            let item = self.engine.vault().add(&passkey, []).await.unwrap();
            self.made.insert(item);
        }
        let [chance, patience] = random::bytes::<2>(&mut random::system());
        if chance < 32 {
            let _ = give_up_after(u32::from(patience), self.engine.sync()).await;
            return self.starts_again().await;
        }
        match self.engine.sync().await {
            Ok(_) => {
                self.sent = true;
                self
            }
            Err(SyncError::Api(_) | SyncError::Busy) => self,
            Err(error) => panic!("{error}"),
        }
    }

    /// Until everything is sent and nothing is left to take.
    pub(crate) async fn ends(&self) {
        while !self.engine.sync().await.unwrap().is_empty() {}
    }

    pub(crate) async fn items(&self) -> BTreeSet<ItemId> {
        let contents = self.engine.vault().contents().await.unwrap();
        assert!(contents.unreadable.is_empty());
        for item in &contents.items {
            assert_eq!((item.origin, &item.fault), (Origin::Acknowledged, &None));
        }
        contents.items.iter().map(|item| item.id).collect()
    }

    pub(crate) async fn pulls(&self, from: PullFrom) -> Vec<Frame> {
        let keys = Arc::clone(self.engine.vault().keys());
        let mut pull = MemberApi::new(self.api(), self.account(), keys).pull(from).await.unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = pull.frame().await.unwrap() {
            frames.push(frame);
        }
        frames
    }

    async fn starts_again(self) -> Self {
        let Self { folder, engine, way, url, ca, made, sent } = self;
        drop(engine);
        let storage = Arc::new(SqliteStorage::open(folder.path()).await.unwrap());
        let vault =
            LocalVault::open(storage, Arc::new(SystemClock)).await.unwrap().unlock(&passphrase()).await.unwrap();
        let engine = SyncEngine::new(vault, api(&url, &way));
        Self { folder, engine, way, url, ca, made, sent }
    }

    fn api(&self) -> Api {
        api(&self.url, &self.way)
    }
}

/// A profile with nothing in it yet.
struct Empty {
    folder: TempDir,
    way: Arc<Way>,
    url: String,
    ca: Vec<u8>,
}

impl Empty {
    /// All of the servers go by the first one's name.
    fn new(servers: &[Server], record: &Arc<Record>) -> Self {
        let (url, ca) = (servers[0].url(), std::fs::read(servers[0].ca()).unwrap());
        let https = |server: &Server| {
            let place = format!("https://localhost:{}", server.port()).parse().unwrap();
            HttpsTransport::new(place, &Trust::pinned(&ca).unwrap()).unwrap()
        };
        let https = servers.iter().map(https).collect();
        let way = Arc::new(Way { https, record: Arc::clone(record), account: OnceLock::new() });
        Self { folder: TempDir::new().unwrap(), way, url, ca }
    }

    async fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(SqliteStorage::open(self.folder.path()).await.unwrap())
    }

    fn api(&self) -> Api {
        api(&self.url, &self.way)
    }

    async fn device(&mut self, vault: UnlockedVault) -> Device {
        let _ = self.way.account.set(vault.local().status().await.unwrap().account);
        let engine = SyncEngine::new(vault, self.api());
        engine.sync().await.unwrap();
        let folder = std::mem::replace(&mut self.folder, TempDir::new().unwrap());
        let (way, url, ca) = (Arc::clone(&self.way), self.url.clone(), self.ca.clone());
        Device { folder, engine, way, url, ca, made: BTreeSet::new(), sent: true }
    }
}

fn api(url: &str, way: &Arc<Way>) -> Api {
    Api::new(url.parse().unwrap(), Arc::clone(way) as _, Arc::new(SystemClock))
}

/// The way to a server, each time to any of them, on which the checker notes what is answered.
struct Way {
    https: Vec<HttpsTransport>,
    record: Arc<Record>,
    /// Known once the device is in.
    account: OnceLock<AccountId>,
}

#[async_trait]
impl Transport for Way {
    async fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
        self.record.request();
        let path = request.path.clone();
        let [any] = random::bytes::<1>(&mut random::system());
        let https = &self.https[usize::from(any) % self.https.len()];
        let (Some(account), "/v1/commits" | "/v1/roster" | "/v1/head") = (self.account.get(), path.as_str()) else {
            return https.exchange(request).await;
        };
        let answer = https.exchange(request).await?;
        let status = answer.status;
        let body = answer.read(1 << 24).await?;
        if status == 200 && path == "/v1/head" {
            self.record.seen(*account, &Heads::decode(body.as_slice()).unwrap());
        } else if status == 200 {
            self.record.accepted(*account, &Accepted::decode(body.as_slice()).unwrap().heads.unwrap());
        }
        Ok(whole(status, body))
    }
}

/// The future's outcome, unless it has to be asked more often than this: then it is dropped, as a process that ends
/// drops what it was at.
async fn give_up_after<T>(patience: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut asked = 0;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending if asked == patience => Poll::Ready(None),
        Poll::Pending => {
            asked += 1;
            Poll::Pending
        }
    })
    .await
}
