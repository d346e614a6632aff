use std::{cell::RefCell, sync::Arc};

use keyfold_crypto::{
    SigningAlgorithm, SigningKey, WrappingKey, random, request,
    session::{SessionId, SessionSecret},
};
use keyfold_ledger::author::Author;
use keyfold_vault::Clock;
use keyfold_wire::{
    AccountId, MemberId,
    v1::{SessionOpen, SessionOpened, Signed},
};
use prost::Message;

use super::{Answer, Server, account::Held, server::Hands};

/// A device with its keys, an account and an open session.
pub(crate) struct Device<'a> {
    pub(super) server: &'a Server,
    pub(super) author: Author,
    pub(super) held: RefCell<Held>,
    pub(crate) session: Session,
}

/// An open session.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) secret: SessionSecret,
    url: String,
    clock: Arc<Hands>,
}

impl Device<'_> {
    pub(crate) fn account(&self) -> AccountId {
        self.held.borrow().account.roster().account()
    }

    pub(crate) fn id(&self) -> MemberId {
        self.author.keys().id()
    }

    /// Opens another session.
    pub(crate) fn reopen(&mut self) {
        self.session = Session::open(self.server, self.account(), &self.author);
    }

    /// A signed request on a connection of its own.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.server.line().ask(&self.session.head(method, path, body), body)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, b"")
    }

    pub(crate) fn post(&self, path: &str, message: &impl Message) -> Answer {
        self.ask("POST", path, &message.encode_to_vec())
    }

    /// Asks for a new session, as this device or in its name.
    pub(crate) fn session_open(&self) -> SessionOpen {
        session_open(self.server, self.account(), self.id())
    }

    pub(crate) fn sign_session(&self, open: &SessionOpen) -> Signed {
        self.author.signing.sign(open)
    }
}

impl Session {
    pub(super) fn open(server: &Server, account: AccountId, author: &Author) -> Self {
        let open = session_open(server, account, author.keys().id());
        let opened: SessionOpened = server.post("/v1/sessions", &author.signing.sign(&open).encode_to_vec()).message();
        Self {
            id: opened.session.parse().unwrap(),
            secret: SessionSecret::try_from(opened.secret.as_slice()).unwrap(),
            url: server.url().to_owned(),
            clock: server.clock(),
        }
    }

    /// The head of a signed request with this body.
    pub(crate) fn head(&self, method: &str, path: &str, body: &[u8]) -> String {
        self.head_at(method, path, body, self.clock.now() / 1_000)
    }

    pub(crate) fn head_at(&self, method: &str, path: &str, body: &[u8], created: u64) -> String {
        let target_uri = format!("{}{path}", self.url);
        let parameters = request::Parameters { session: self.id, created, nonce: random::bytes(&mut random::system()) };
        let signed =
            request::sign(&request::Request { method, target_uri: &target_uri, body }, &parameters, &self.secret);
        format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\ncontent-digest: {}\r\nsignature-input: \
             {}\r\nsignature: {}\r\n\r\n",
            body.len(),
            signed.content_digest,
            signed.signature_input,
            signed.signature
        )
    }
}

pub(super) fn keys() -> Author {
    let mut rng = random::system();
    let signing = SigningKey::generate(SigningAlgorithm::Ed25519, &mut rng);
    Author { signing, wrapping: WrappingKey::new(random::bytes(&mut rng)) }
}

fn session_open(server: &Server, account: AccountId, device: MemberId) -> SessionOpen {
    SessionOpen {
        suite: 1,
        account: account.to_vec(),
        device: device.to_vec(),
        server: server.url().to_owned(),
        at: server.now(),
        nonce: random::bytes::<16>(&mut random::system()).to_vec(),
    }
}
