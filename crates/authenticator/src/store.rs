use thiserror::Error;

use crate::{
    AllowList, BackupEligibility, CredProtect, CredentialId, DeviceMemory, Discoverability, Label, LargeBlob, Passkey,
    RelyingParty, RpId, UnixMillis, User, Witness,
};

/// Where passkeys are kept, and what this device's authenticator keeps of itself. Implemented by the client's vault.
pub trait CredentialStore: DeviceMemory {
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

    /// Keeps a new passkey, with what its relying party calls itself, and drops those that it replaces, in one step or not
    /// at all.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    fn save(&mut self, passkey: &Passkey, rp_name: Option<&Label>, replaces: &[CredentialId])
    -> Result<(), StoreError>;

    /// Whether this passkey is truly backed up now: another member of the account can restore it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if that can't be told.
    fn backup_state(&self, rp_id: &RpId, id: &CredentialId) -> Result<BackupState, StoreError>;

    /// Notes that a passkey has just signed in, for a request that allowed these.
    fn used(&mut self, rp_id: &RpId, id: &CredentialId, allow: &AllowList);

    /// Every passkey with its relying party, for *authenticatorCredentialManagement*.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the store can't be read.
    fn inventory(&self) -> Result<Vec<(RelyingParty, Listing)>, StoreError>;

    /// Deletes a passkey; one that is not there is deleted already.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    fn delete(&mut self, rp_id: &RpId, id: &CredentialId) -> Result<(), StoreError>;

    /// Sets the names of a passkey's account.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    fn rename(&mut self, rp_id: &RpId, id: &CredentialId, user: &User) -> Result<(), StoreError>;

    /// For how many more discoverable passkeys there is room, at least.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if that can't be told.
    fn room(&self) -> Result<u32, StoreError>;

    /// What a passkey's relying party keeps beside it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the store can't be read.
    fn large_blob(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<LargeBlob>, StoreError>;

    /// Keeps another blob beside a passkey, or none.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    fn set_large_blob(&mut self, rp_id: &RpId, id: &CredentialId, blob: Option<&LargeBlob>) -> Result<(), StoreError>;

    /// The entries of the large-blob array that are of no passkey here, as a CBOR array; empty if none were ever written.
    /// They are this device's own.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the store can't be read.
    fn foreign_blobs(&self) -> Result<Vec<u8>, StoreError>;

    /// Keeps others.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    fn set_foreign_blobs(&mut self, array: &[u8]) -> Result<(), StoreError>;

    /// What vouches for this device, if anything does.
    fn witness(&self) -> Option<&dyn Witness> {
        None
    }

    /// Keeps what a new passkey has stated of itself: the signature of its own key over [`STATEMENT`](crate::STATEMENT) and what
    /// [`Witness::statement`] gave for it.
    fn stated(&mut self, _rp_id: &RpId, _statement: Vec<u8>, _signature: Vec<u8>) {}

    /// Forgets the device's state, and every passkey that is bound to this device. Synced ones stay.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    fn reset(&mut self) -> Result<(), StoreError>;
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
    /// Whether it is found without its id.
    pub discoverability: Discoverability,
    /// When it may be found and used without verification.
    pub cred_protect: CredProtect,
    /// BE: whether it may leave the device.
    pub backup_eligibility: BackupEligibility,
}

impl From<&Passkey> for Listing {
    fn from(passkey: &Passkey) -> Self {
        Listing {
            credential_id: passkey.credential_id.clone(),
            user: passkey.user.clone(),
            created_at: passkey.created_at,
            discoverability: passkey.discoverability,
            cred_protect: passkey.cred_protect,
            backup_eligibility: passkey.backup_eligibility,
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
