use keyfold_ledger::{AccountError, EntryError, ReceiptError};
use keyfold_wire::v1::ProblemCode;

use crate::{
    api::ApiError,
    storage::{Stop, StorageError},
    vault::VaultError,
};

/// Why a sync did not come to its end. Edits stay until a commit that holds them is acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The server was not reached, or refused.
    #[error(transparent)]
    Api(ApiError),
    /// The local vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The server's history does not fit; nothing of it was taken.
    #[error("sync is stopped: {}; your passkeys still work on this device. Compare `keyfold safety-number` with another device and ask the server's operator, then check again with `keyfold sync --resume`", .0.detail)]
    Stopped(Stop),
    /// The server lacks the end of this device's history. Nothing was taken and nothing sent.
    #[error("the server is behind this device: it stands at roster entry {} and commit {}, and this device has {} entries and {} commits more. If it was restored from a backup, `keyfold offer` gives it back what it lost; if not, ask its operator", .0.roster, .0.vault, .0.entries, .0.commits)]
    Behind(Behind),
    /// The server takes nothing new until its devices have offered what a backup did not have.
    #[error(
        "the server was restored from a backup and takes nothing new yet. Run `keyfold offer` on each of your devices; then, on one, `keyfold offer --end`"
    )]
    AwaitsOffers,
    /// Others were faster, again and again.
    #[error("other devices are writing all the time; try again")]
    Busy,
    /// The server has not given the current epoch's key.
    #[error(
        "this device has no key for the account's current epoch: the server withholds it, or its author spoiled it. Nothing can be written until another device gives it one; where it was spoiled, `keyfold epoch rotate` here does as well"
    )]
    NoEpochKey,
    /// The account's creation was not acknowledged yet.
    #[error("the account is not created yet; run `keyfold account create` again")]
    NotCreated,
}

/// How far a server is behind this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// Its latest roster entry.
    pub roster: u64,
    /// Its latest commit.
    pub vault: u64,
    /// Roster entries that this device has beyond it.
    pub entries: u64,
    /// Commits that this device has beyond it.
    pub commits: u64,
}

impl From<ApiError> for SyncError {
    fn from(error: ApiError) -> Self {
        if error.code() == Some(ProblemCode::Behind) { Self::AwaitsOffers } else { Self::Api(error) }
    }
}

impl From<StorageError> for SyncError {
    fn from(error: StorageError) -> Self {
        Self::Vault(error.into())
    }
}

/// How a server's history does not fit what this device holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainFailure {
    /// Another history than the one this device holds.
    #[error("the server shows this device another history than before (a fork)")]
    Forked,
    /// A head without the server's valid receipt.
    #[error("the server does not stand by its history: {0}")]
    Receipt(#[from] ReceiptError),
    /// An entry or commit that is not one.
    #[error("the server's history holds something that is no entry of it: {0}")]
    Entry(#[from] EntryError),
    /// An entry or commit that breaks a rule.
    #[error("the server's history breaks a rule: {0}")]
    Rule(#[from] AccountError),
    /// The server does not give what its own history names.
    #[error("the server withholds {0}")]
    Withheld(&'static str),
}

impl ChainFailure {
    /// A short, stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forked => "forked",
            Self::Receipt(_) => "receipt",
            Self::Entry(_) => "entry",
            Self::Rule(_) => "rule",
            Self::Withheld(_) => "withheld",
        }
    }
}
