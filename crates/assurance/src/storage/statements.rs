use async_trait::async_trait;
use keyfold_wire::{AccountId, MemberId, TenantId};

use super::StorageError;

/// A statement as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRow {
    /// Of which passkey, to who knows it.
    pub tag: [u8; 32],
    /// SHA-256 of the statement.
    pub hash: [u8; 32],
    /// Whose device brought it.
    pub account: AccountId,
    /// Which device.
    pub device: MemberId,
    /// The signed statement.
    pub statement: Vec<u8>,
    /// The first moment of the day on which it was brought, Unix milliseconds.
    pub stated_at: u64,
}

/// What became of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stated {
    /// It is there; perhaps since before.
    Done,
    /// The account, or the device about this passkey, has stated as much as it may.
    Full,
}

/// What devices state of passkeys.
#[async_trait]
pub trait StatementStorage: Send + Sync {
    /// Keeps a statement, once, unless its account has `most` already, or its device `most_of_tag` of this tag.
    async fn state(
        &self,
        tenant: TenantId,
        statement: StatementRow,
        most: u64,
        most_of_tag: u64,
    ) -> Result<Stated, StorageError>;

    /// What is stated under a tag by devices that are not removed, at most so many, the oldest first.
    async fn statements(&self, tenant: TenantId, tag: [u8; 32], limit: u64) -> Result<Vec<StatementRow>, StorageError>;
}
