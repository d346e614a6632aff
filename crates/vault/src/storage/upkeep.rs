use async_trait::async_trait;

use super::StorageError;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Envelopes of purged items.
    pub envelopes: u64,
    /// Enrolments that ended more than an hour ago.
    pub enrolments: u64,
    /// Nonces whose message would be refused by its time.
    pub nonces: u64,
}

/// What time makes superfluous.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Removes what is no longer needed at `now` (Unix milliseconds).
    async fn sweep(&self, now: u64) -> Result<Swept, StorageError>;

    /// Answers if the database answers.
    async fn ping(&self) -> Result<(), StorageError>;
}
