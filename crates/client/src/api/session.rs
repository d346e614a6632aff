use keyfold_crypto::{
    random, request,
    session::{SessionId, SessionSecret},
};
use keyfold_wire::v1::{ProblemCode, SessionOpen, SessionOpened};
use prost::Message;

use super::{Api, ApiError, member::Member};
use crate::transport::{Method, Request};

/// An open session: reads for ten minutes.
pub(super) struct Session {
    id: SessionId,
    secret: SessionSecret,
    /// On the server's clock, which is at most a minute off.
    expires_at: u64,
}

impl Session {
    /// POST /v1/sessions; if an answer was lost, with another nonce again.
    pub(super) async fn open(api: &Api, member: &Member) -> Result<Self, ApiError> {
        match Self::ask(api, member).await {
            Err(error) if error.code() == Some(ProblemCode::Replayed) => Self::ask(api, member).await,
            asked => asked,
        }
    }

    async fn ask(api: &Api, member: &Member) -> Result<Self, ApiError> {
        let open = SessionOpen {
            suite: keyfold_crypto::SUITE,
            account: member.account.to_vec(),
            device: member.keys.id().to_vec(),
            server: api.server().as_str().to_owned(),
            at: api.now(),
            nonce: random::bytes::<16>(&mut random::system()).to_vec(),
        };
        let signed = member.keys.author.signing.sign(&open).encode_to_vec();
        let opened: SessionOpened = api.call(Method::Post, "/v1/sessions", &signed).await?;
        let secret = SessionSecret::try_from(opened.secret.as_slice());
        Ok(Self {
            id: opened.session.parse().map_err(|_| ApiError::BadAnswer("a bad session id"))?,
            secret: secret.map_err(|_| ApiError::BadAnswer("a bad session secret"))?,
            expires_at: opened.expires_at,
        })
    }

    /// Whether it will still be good when a request arrives.
    pub(super) const fn is_good_at(&self, now: u64) -> bool {
        now.saturating_add(MARGIN) < self.expires_at
    }

    /// Adds the three header fields of a signed request.
    pub(super) fn sign(&self, api: &Api, request: &mut Request) {
        let target_uri = format!("{}{}", api.server(), request.path);
        let signed = request::sign(
            &request::Request { method: request.method.name(), target_uri: &target_uri, body: &request.body },
            &request::Parameters {
                session: self.id,
                created: api.now() / 1_000,
                nonce: random::bytes(&mut random::system()),
            },
            &self.secret,
        );
        request.headers.extend([
            ("content-digest", signed.content_digest),
            ("signature-input", signed.signature_input),
            ("signature", signed.signature),
        ]);
    }
}

const MARGIN: u64 = 30_000;
