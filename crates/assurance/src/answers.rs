//! Requests that are sent again get the same answer.

use std::sync::Arc;

use crate::{
    Clock,
    clock::DAY,
    relying_parties::{Client, sha256},
    storage::{KeptAnswer, Storage, StorageError},
};

/// Answers to requests with an idempotency key (draft-ietf-httpapi-idempotency-key-header): the same request gets the same answer.
pub struct Answers {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
}

/// Why a request with an idempotency key is not done.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The key cannot be one.
    #[error("an idempotency key has 1 to 255 characters of printable ASCII")]
    Key,
    /// The key was sent with another request.
    #[error("this idempotency key was sent with another request: draw another")]
    OtherRequest,
    /// It could not be read or stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A request and its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeatable {
    key: [u8; 32],
    request: [u8; 32],
}

impl Repeatable {
    /// Of a route, a key and a body.
    ///
    /// # Errors
    /// [`AnswerError::Key`].
    pub fn new(route: &str, key: &str, body: &[u8]) -> Result<Self, AnswerError> {
        if !(1..=255).contains(&key.len()) || !key.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(AnswerError::Key);
        }
        let request = sha256(&[sha256(route.as_bytes()), sha256(body)].concat());
        Ok(Self { key: sha256(key.as_bytes()), request })
    }
}

impl Answers {
    pub(crate) fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock }
    }

    /// What was answered to this request before.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub async fn before(&self, client: &Client, request: &Repeatable) -> Result<Option<String>, AnswerError> {
        let now = self.clock.now().0;
        let kept = self.storage.kept_answer(client.tenant, client.id, request.key, now).await?;
        kept.map(|kept| Self::of(request, kept)).transpose()
    }

    /// Keeps an answer for a day; the one to give, which is another's where two came at once.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub async fn keep(&self, client: &Client, request: &Repeatable, answer: String) -> Result<String, AnswerError> {
        let until = self.clock.now().0.saturating_add(DAY);
        let kept = KeptAnswer { request: request.request, answer };
        let kept = self.storage.keep_answer(client.tenant, client.id, request.key, kept, until).await?;
        Self::of(request, kept)
    }

    fn of(request: &Repeatable, kept: KeptAnswer) -> Result<String, AnswerError> {
        if kept.request == request.request { Ok(kept.answer) } else { Err(AnswerError::OtherRequest) }
    }
}
