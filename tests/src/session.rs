use std::{fs, sync::Arc};

use keyfold_client::{
    Clock, SystemClock,
    device::{DeviceKeys, Passphrase},
    storage::SqliteStorage,
    vault::LocalVault,
};
use keyfold_crypto::{
    SUITE, random,
    request::{self, Parameters},
    session::{SessionId, SessionSecret},
};
use keyfold_wire::v1::{SessionOpen, SessionOpened};
use prost::Message;
use reqwest::{Method, RequestBuilder};

use crate::{Device, Http, Reply};

/// A device's session, opened and used by hand: for signed requests that no client of ours sends.
pub struct Session {
    id: SessionId,
    secret: SessionSecret,
    server: String,
}

impl Session {
    pub fn of(device: &Device, http: &Http) -> Self {
        let (account, keys) = http.block_on(keys(device));
        let open = SessionOpen {
            suite: SUITE,
            account,
            device: keys.id().to_vec(),
            server: device.url().to_owned(),
            at: SystemClock.now(),
            nonce: random::bytes::<16>(&mut random::system()).to_vec(),
        };
        let reply = http.post("/v1/sessions", keys.author.signing.sign(&open).encode_to_vec());
        assert_eq!(reply.status, 200);
        let opened = SessionOpened::decode(reply.body.as_slice()).unwrap();
        let secret = SessionSecret::try_from(opened.secret.as_slice()).unwrap();
        Self { id: opened.session.parse().unwrap(), secret, server: device.url().to_owned() }
    }

    /// What `keyid` says.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    pub fn get(&self, http: &Http, path: &str) -> Reply {
        self.send(http, Method::GET, path, b"")
    }

    pub fn post(&self, http: &Http, path: &str, body: &[u8]) -> Reply {
        self.send(http, Method::POST, path, body)
    }

    fn send(&self, http: &Http, method: Method, path: &str, body: &[u8]) -> Reply {
        http.send(method.clone(), path, |request| self.sign(request, &method, path, body).body(body.to_vec()))
    }

    /// Adds the header fields that sign a request with this body, whatever its body is.
    pub fn sign(&self, request: RequestBuilder, method: &Method, path: &str, body: &[u8]) -> RequestBuilder {
        let target_uri = format!("{}{path}", self.server);
        let signed = request::sign(
            &request::Request { method: method.as_str(), target_uri: &target_uri, body },
            &Parameters {
                session: self.id,
                created: SystemClock.now() / 1_000,
                nonce: random::bytes(&mut random::system()),
            },
            &self.secret,
        );
        let request = request.header("content-digest", signed.content_digest);
        request.header("signature-input", signed.signature_input).header("signature", signed.signature)
    }
}

/// The account's id and the device's secrets, read from its profile.
async fn keys(device: &Device) -> (Vec<u8>, Arc<DeviceKeys>) {
    let passphrase = fs::read_to_string(device.passphrase_file()).unwrap().trim_end().to_owned();
    let storage = SqliteStorage::open(&device.profile_folder()).await.unwrap();
    let vault = LocalVault::open(Arc::new(storage.clone()), Arc::new(SystemClock)).await.unwrap();
    let vault = vault.unlock(&Passphrase::typed(passphrase.into())).await.unwrap();
    let found = (vault.local().profile().account.to_vec(), Arc::clone(vault.keys()));
    storage.close().await;
    found
}
