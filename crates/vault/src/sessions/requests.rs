use keyfold_crypto::{
    request::{self, BodyDigest, Head, SignatureInput, SignedHeaders},
    session::SessionId,
};

use super::{Sessions, nonces::NonceRefused};
use crate::{
    Caller,
    clock::{MINUTE, SECOND},
    storage::StorageError,
};

/// A request whose head has arrived.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// "GET"
    pub method: &'a str,
    /// Path and query, as the client sent them.
    pub path_and_query: &'a str,
    /// The three header fields.
    pub headers: &'a SignedHeaders,
}

/// A request whose head is its device's, signed now. Its body is still to come.
#[derive(Debug, Clone, Copy)]
pub struct Recognised {
    id: SessionId,
    nonce: [u8; 16],
    body: BodyDigest,
}

/// Why a request is not taken as its device's.
#[derive(Debug, thiserror::Error)]
pub enum RequestRefused {
    /// No session, or none that this server opened, or a signature that is not its own over this request.
    #[error("the request is not signed under a session of this server: open one")]
    Unauthenticated,
    /// The session's ten minutes are over.
    #[error("the session has expired: open a new one")]
    Expired,
    /// The device's clock is more than a minute off.
    #[error("the device's clock is more than a minute off: set it")]
    ClockSkew,
    /// A request with this nonce came before.
    #[error("this request was used before: sign a new one")]
    Replayed,
    /// The device has sent so many requests lately that no more can be remembered.
    #[error("too many requests within two minutes: wait a little")]
    Busy,
    /// The session's key could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Sessions {
    /// Tells whose request this is by its head, so that nobody else's body is read. Nothing is taken note of: whoever
    /// asks too often can be turned away first. Whether the device is still active is for the service to check.
    ///
    /// # Errors
    /// [`RequestRefused`].
    pub async fn recognise(&self, request: &SignedRequest<'_>) -> Result<Recognised, RequestRefused> {
        let SignedHeaders { content_digest, signature_input, signature } = request.headers;
        let input = SignatureInput::parse(signature_input).map_err(|_| RequestRefused::Unauthenticated)?;
        let parameters = input.parameters();
        let id = parameters.session;
        let key = self.keys.by_kid(id.kid).await?.ok_or(RequestRefused::Unauthenticated)?;
        let target_uri = format!("{}{}", self.public_url, request.path_and_query);
        let head = Head { method: request.method, target_uri: &target_uri };
        let body = request::verify_head(&head, &input, content_digest, signature, &key.secret(&id))
            .map_err(|_| RequestRefused::Unauthenticated)?;

        let now = self.clock.now();
        if id.expires_at <= now {
            return Err(RequestRefused::Expired);
        }
        if parameters.created.saturating_mul(SECOND).abs_diff(now) > MINUTE {
            return Err(RequestRefused::ClockSkew);
        }
        Ok(Recognised { id, nonce: parameters.nonce, body })
    }

    /// Takes the request, once, with the body that its head was signed with.
    ///
    /// # Errors
    /// [`RequestRefused`].
    pub fn admit(&self, request: &Recognised, body: &[u8]) -> Result<Session, RequestRefused> {
        request.body.check(body).map_err(|_| RequestRefused::Unauthenticated)?;
        self.nonces.take(request.caller(), &request.id, request.nonce, self.clock.now())?;
        Ok(Session::from(request.id))
    }
}

impl Recognised {
    /// The device.
    #[must_use]
    pub const fn caller(&self) -> Caller {
        Caller { account: self.id.account, device: self.id.device }
    }
}

/// Whose request it is, and how long the session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The device.
    pub caller: Caller,
    /// Unix milliseconds.
    pub expires_at: u64,
}

impl From<SessionId> for Session {
    fn from(id: SessionId) -> Self {
        Self { caller: Caller { account: id.account, device: id.device }, expires_at: id.expires_at }
    }
}

impl From<NonceRefused> for RequestRefused {
    fn from(refused: NonceRefused) -> Self {
        match refused {
            NonceRefused::Used => Self::Replayed,
            NonceRefused::Full => Self::Busy,
        }
    }
}
