use async_trait::async_trait;
use keyfold_crypto::Hash;
use keyfold_wire::AccountId;

use super::StorageError;

/// What is kept of an invite: the invite itself is known only to whom it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InviteHash(pub Hash);

/// An invite as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct InviteRow {
    /// Its hash.
    pub hash: InviteHash,
    /// Unix milliseconds.
    pub created_at: u64,
    /// Unix milliseconds.
    pub expires_at: u64,
    /// The account that used it.
    pub account: Option<AccountId>,
}

/// Invites, each for one account: it is used by the creation itself, see
/// [`NewAccount::invite`](super::NewAccount::invite).
#[async_trait]
pub trait InviteStorage: Send + Sync {
    /// Writes a new invite.
    async fn add_invite(&self, hash: InviteHash, created_at: u64, expires_at: u64) -> Result<(), StorageError>;

    /// The latest `limit` invites, the newest first.
    async fn invites(&self, limit: u64) -> Result<Vec<InviteRow>, StorageError>;
}
