use keyfold_ledger::{AccountError, EntryError};

use crate::{
    api::ApiError,
    rfc3339,
    storage::StorageError,
    sync::{AppendError, ChainFailure, CreateError, SyncError},
    vault::VaultError,
};

/// Why a recovery code brings nothing back, or not yet.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The clocks differ, or the profile is in use.
    #[error(transparent)]
    Begin(#[from] CreateError),
    /// The server was not reached, or refused.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The pull failed.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The local vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The account's history does not verify.
    #[error("the account's history does not verify: {0}")]
    Chain(#[from] ChainFailure),
    /// The server knows no account with this code.
    #[error(
        "no account on this server has this recovery code: was it used, replaced or removed, or is it of another server?"
    )]
    Unknown,
    /// The server led to an account whose recovery member is another.
    #[error("the server led to an account that this recovery code does not belong to; nothing was changed")]
    OtherAccount,
    /// Somebody else uses the code.
    #[error(
        "another device (\"{0}\") is using this recovery code. If it is not yours, somebody else has the code: stop it on one of your devices"
    )]
    AnotherRecovery(String),
    /// A device of the account has stopped it. The profile is empty again.
    #[error("the recovery was stopped on \"{0}\"; if that was not you, somebody else holds one of your devices")]
    Cancelled(String),
    /// Its first message never reached the account. The profile is empty again.
    #[error("the recovery never began: its first message was lost; begin again with `keyfold recovery use`")]
    NeverBegan,
    /// The delay has not passed.
    #[error("the recovery waits until {}; run the command again then, with the same code", rfc3339(*.0))]
    Waits(u64),
    /// Nothing in this profile waits for a code.
    #[error("no recovery was begun in this profile")]
    NotBegun,
    /// Another entry came first, again and again, or broke a rule.
    #[error(transparent)]
    Append(AppendError),
}

impl From<AppendError> for RecoverError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Sync(error) => Self::Sync(error),
            error => Self::Append(error),
        }
    }
}

impl From<StorageError> for RecoverError {
    fn from(error: StorageError) -> Self {
        Self::Vault(error.into())
    }
}

impl From<EntryError> for RecoverError {
    fn from(error: EntryError) -> Self {
        Self::Chain(error.into())
    }
}

impl From<AccountError> for RecoverError {
    fn from(error: AccountError) -> Self {
        Self::Chain(error.into())
    }
}
