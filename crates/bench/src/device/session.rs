use keyfold_client::{Clock, SystemClock};
use keyfold_crypto::{
    SUITE, random, request,
    session::{SessionId, SessionSecret},
};
use keyfold_ledger::author::Author;
use keyfold_wire::{
    AccountId,
    v1::{SessionOpen, SessionOpened},
};

use crate::{failure::Failure, line::Line};

/// An open session and where its requests go.
pub(crate) struct Session {
    id: SessionId,
    secret: SessionSecret,
    url: String,
}

impl Session {
    /// Opens one with the server of this public URL.
    pub(crate) async fn open(url: &str, line: &mut Line, account: AccountId, author: &Author) -> Result<Self, Failure> {
        let open = SessionOpen {
            suite: SUITE,
            account: account.to_vec(),
            device: author.keys().id().to_vec(),
            server: url.to_owned(),
            at: SystemClock.now(),
            nonce: random::bytes::<16>(&mut random::system()).to_vec(),
        };
        let opened: SessionOpened = line.post("/v1/sessions", &author.signing.sign(&open)).await?.message()?;
        Ok(Self {
            id: opened.session.parse().map_err(Failure::client("a session"))?,
            secret: SessionSecret::try_from(opened.secret.as_slice()).map_err(Failure::client("a session"))?,
            url: url.to_owned(),
        })
    }

    /// Head and body of a signed request (proto/README.md, section 10.3).
    pub(crate) fn request(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let target_uri = format!("{}{path}", self.url);
        let parameters = request::Parameters {
            session: self.id,
            created: SystemClock.now() / 1_000,
            nonce: random::bytes(&mut random::system()),
        };
        let request = request::Request { method, target_uri: &target_uri, body };
        let signed = request::sign(&request, &parameters, &self.secret);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\ncontent-digest: {}\r\nsignature-input: \
             {}\r\nsignature: {}\r\n\r\n",
            body.len(),
            signed.content_digest,
            signed.signature_input,
            signed.signature
        );
        [head.as_bytes(), body].concat()
    }
}
