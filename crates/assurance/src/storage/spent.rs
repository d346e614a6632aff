use async_trait::async_trait;
use keyfold_wire::{ClientId, TenantId};

use super::StorageError;

/// What is good once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The `jti` of a client assertion.
    Assertion,
    /// The nonce of a report.
    Nonce,
    /// The id of a message of a device management.
    Message,
}

/// What was answered to a request with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// SHA-256 of the request.
    pub request: [u8; 32],
    /// The answer's body.
    pub answer: String,
}

/// What may happen only once.
#[async_trait]
pub trait SpentStorage: Send + Sync {
    /// Spends it until `expires_at`; `false` if it is spent.
    async fn spend(
        &self,
        tenant: TenantId,
        client: ClientId,
        what: What,
        hash: [u8; 32],
        expires_at: u64,
    ) -> Result<bool, StorageError>;

    /// What was answered under this key.
    async fn kept_answer(
        &self,
        tenant: TenantId,
        client: ClientId,
        key: [u8; 32],
        now: u64,
    ) -> Result<Option<KeptAnswer>, StorageError>;

    /// Keeps what was answered under this key; what was kept first stays, and is given.
    async fn keep_answer(
        &self,
        tenant: TenantId,
        client: ClientId,
        key: [u8; 32],
        answer: KeptAnswer,
        expires_at: u64,
    ) -> Result<KeptAnswer, StorageError>;

    /// Forgets what has expired; how much.
    async fn forget_spent(&self, now: u64) -> Result<u64, StorageError>;
}
