use async_trait::async_trait;
use keyfold_wire::AccountId;

use super::StorageError;

/// An account whose roster has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterNews {
    /// Which.
    pub account: AccountId,
    /// The last entry that was appended; more than any where the account was deleted.
    pub roster_seq: u64,
}

/// Whose roster has moved since whoever wants to know has looked. An append and a deletion write it in the same transaction, so that
/// no crash keeps it from being heard of.
#[async_trait]
pub trait RosterNewsStorage: Send + Sync {
    /// Some of them, in the order of their ids, after this one.
    async fn roster_news(&self, after: Option<AccountId>, limit: u64) -> Result<Vec<RosterNews>, StorageError>;

    /// It was looked at: it is forgotten, unless the roster has moved on.
    async fn heard(&self, news: RosterNews) -> Result<(), StorageError>;
}
