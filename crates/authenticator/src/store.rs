use thiserror::Error;

use crate::{CredentialId, Passkey, RpId, UnixMillis, User};

/// Where passkeys are kept. Implemented by the client's vault.
pub trait CredentialStore {
    /// What can be shown of the passkeys for a relying party, without any secret; the most
    /// recently created first. With `only`, those of them whose id is listed there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the store can't be read.
    fn find(&self, rp_id: &RpId, only: Option<&[CredentialId]>) -> Result<Vec<Listing>, StoreError>;

    /// One passkey with its secrets; `None` if it is not there or belongs to another relying party.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the store can't be read.
    fn load(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Passkey>, StoreError>;

    /// Keeps a new passkey and drops those that it replaces, in one step or not at all.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    fn save(&mut self, passkey: &Passkey, replaces: &[CredentialId]) -> Result<(), StoreError>;

    /// Whether this passkey is truly backed up now: another member of the account can restore it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if that can't be told.
    fn backup_state(&self, rp_id: &RpId, id: &CredentialId) -> Result<BackupState, StoreError>;
}

/// What may be shown of a passkey before the user agrees to anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Which passkey.
    pub credential_id: CredentialId,
    /// The account it signs in to.
    pub user: User,
    /// When it was made.
    pub created_at: UnixMillis,
}

impl From<&Passkey> for Listing {
    fn from(passkey: &Passkey) -> Self {
        Listing {
            credential_id: passkey.credential_id.clone(),
            user: passkey.user.clone(),
            created_at: passkey.created_at,
        }
    }
}

/// The BS flag: where the passkey is at this moment (WebAuthn §6.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupState {
    /// BS=1: losing this device does not lose the passkey.
    BackedUp,
    /// BS=0: this device holds the only copy.
    NotBackedUp,
}

/// Why the store did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// No room for another passkey; delete one, or raise the account's limit.
    #[error("the credential store is full")]
    Full,
    /// The store is locked, damaged or out of reach; unlock it and try again.
    #[error("the credential store is unavailable")]
    Unavailable,
}
