use keyfold_ledger::{AccountError, EntryError};

use super::Locked;
use crate::{
    device::{KeyringError, SecretsError},
    exchange::ExchangeError,
    storage::{Farewell, StorageError},
};

/// Why the local vault did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no account in this profile.
    #[error(
        "this profile has no account yet; create one with `keyfold account create`, or join one with `keyfold device enroll`"
    )]
    NoProfile,
    /// Another device removed this one from the account, and its vault was wiped.
    #[error("{0}")]
    Removed(Farewell),
    /// The account waits for the server's word; until then it may come to nothing.
    #[error("the account is not created yet; run `keyfold account create` again")]
    NotCreated,
    /// The profile waits to be let into an account.
    #[error("this device's enrolment is not finished; run `keyfold device enroll` again to go on with it")]
    Enrolling,
    /// The profile waits to be let in by a recovery code.
    #[error("this device's recovery is not finished; run `keyfold recovery use` again to go on with it")]
    Recovering,
    /// The device's secrets do not open.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Too many wrong passphrases in a row.
    #[error("too many wrong passphrases; wait {seconds} seconds before the next")]
    TooManyGuesses {
        /// How long.
        seconds: u64,
    },
    /// Nothing but the passphrase opens the device now.
    #[error("{}", match .0 {
        Locked::OnRequest => "this device is locked",
        Locked::Idle => "this device was not used for a while, and is locked",
    })]
    Locked(Locked),
    /// The keyring does not open the device; the passphrase does.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What is stored does not verify: somebody changed the file.
    #[error(
        "the profile's chains do not verify any more ({0}); restore the profile from a backup or enrol this device again"
    )]
    Damaged(String),
    /// No passkey with this id.
    #[error("there is no such passkey; `keyfold passkey list` shows those that are there")]
    NotFound,
    /// No such revision is kept.
    #[error("this device keeps no such revision; `keyfold passkey history` shows those that it keeps")]
    NoSuchRevision,
    /// The item was purged, or cannot be read, or has no such field: it takes no edit.
    #[error("this item cannot be changed so: no good revision of it is on this device, or it is not of that kind")]
    NotEditable,
    /// No room for a new passkey.
    #[error("the vault holds as many passkeys as it may: 200,000")]
    Full,
    /// A value that the field cannot have.
    #[error("that text is too long: at most 1,024 bytes")]
    BadValue,
    /// The vault cannot be put into a file.
    #[error("the vault cannot be exported: {0}")]
    Export(#[from] ExchangeError),
    /// This device holds no such point of the history.
    #[error("this device does not hold that point of the history; take a lower or the latest one")]
    NotHeld,
}

impl From<EntryError> for VaultError {
    fn from(error: EntryError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<AccountError> for VaultError {
    fn from(error: AccountError) -> Self {
        Self::Damaged(error.to_string())
    }
}
