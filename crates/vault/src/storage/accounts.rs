use async_trait::async_trait;
use keyfold_crypto::Hash;
use keyfold_wire::{AccountId, MemberId, v1::Signed};

use super::{Heads, InviteHash, StorageError};

/// An account as it is first written: genesis, the rotation to epoch 1, an empty vault.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The first 16 bytes of the hash of its genesis.
    pub account: AccountId,
    /// Roster seq 1, vault seq 0.
    pub heads: Heads,
    /// Entry 0.
    pub genesis: Signed,
    /// Entry 1.
    pub rotation: Signed,
    /// The epoch key sealed to the first device.
    pub sealed_key: (MemberId, Vec<u8>),
    /// What the account is charged for all of it.
    pub bytes_used: u64,
    /// Unix milliseconds.
    pub created_at: u64,
    /// The invite that it uses.
    pub invite: Option<InviteHash>,
    /// It was here before, and waits for what its devices hold beyond its founding.
    pub behind: bool,
}

/// What became of a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The account is durably there.
    Done,
    /// An account with this id was there already; nothing was written.
    Exists,
    /// An account with this id was deleted and never comes back.
    Deleted,
    /// The invite is unknown, expired or used; nothing was written.
    InviteRefused,
}

/// What is known of an account id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It exists and stands here.
    Active(Heads),
    /// It was deleted.
    Deleted,
    /// It was never created here.
    Unknown,
}

/// A deletion that a device signed.
#[derive(Debug, Clone, Copy)]
pub struct Deletion {
    /// The account.
    pub account: AccountId,
    /// The roster head that the device decided on.
    pub roster_head: Hash,
    /// Hash of the signed request, so that its repetition gets the same answer.
    pub request: Hash,
    /// Unix milliseconds.
    pub at: u64,
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// Every row of the account is gone.
    Done,
    /// The roster moved, or the account is behind; nothing was deleted.
    Moved(Heads),
    /// It was deleted before, by the request with this hash.
    Before(Hash),
    /// There is no such account.
    Unknown,
}

/// Accounts come, stand and go.
#[async_trait]
pub trait AccountStorage: Send + Sync {
    /// Writes a new account and uses its invite.
    async fn create_account(&self, account: NewAccount) -> Result<Created, StorageError>;

    /// Where the account stands.
    async fn standing(&self, account: AccountId) -> Result<Standing, StorageError>;

    /// The first `limit` accounts, the oldest first, that are found by what has this hash.
    async fn accounts_by_recovery(&self, lookup: Hash, limit: u64) -> Result<Vec<AccountId>, StorageError>;

    /// Removes every row of the account and remembers its id.
    async fn delete_account(&self, deletion: Deletion) -> Result<Deleted, StorageError>;
}
