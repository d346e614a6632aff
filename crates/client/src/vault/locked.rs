use std::sync::{Arc, Mutex, PoisonError};

use super::{Held, UnlockedVault, VaultError, stored::Stored};
use crate::{
    clock::Clock,
    device::DeviceKeys,
    storage::{Condition, Profile, Storage},
};

/// A profile without its passphrase: the roster, the state of sync, and nothing of any passkey.
#[derive(Clone)]
pub struct LocalVault {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    profile: Profile,
    /// Both chains as they were verified last.
    verified: Arc<Mutex<Option<Held>>>,
    remembered: Arc<Mutex<Option<Arc<Stored>>>>,
}

impl LocalVault {
    /// Opens the profile that is in `storage`.
    ///
    /// # Errors
    /// [`VaultError::NoProfile`] if there is none, [`VaultError::Enrolling`] if it is in no account yet,
    /// [`VaultError::Removed`] if it is in none any more.
    pub async fn open(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Result<Self, VaultError> {
        let Some(profile) = storage.profile().await? else {
            return Err(gone(storage.as_ref()).await?);
        };
        match profile.condition {
            Condition::Enrolling => return Err(VaultError::Enrolling),
            Condition::Recovering => return Err(VaultError::Recovering),
            Condition::Creating | Condition::Joining | Condition::Active => {}
        }
        Ok(Self { storage, clock, profile, verified: Arc::default(), remembered: Arc::default() })
    }

    /// The profile with secrets that are open already.
    pub(crate) fn unlocked_with(self, keys: &Arc<DeviceKeys>) -> UnlockedVault {
        UnlockedVault::new(self, Arc::clone(keys))
    }

    /// Both chains, verified: what is byte for byte what it was when it was verified before is not verified again.
    ///
    /// # Errors
    /// [`VaultError::NoProfile`] or [`VaultError::Removed`] if it was erased meanwhile, [`VaultError::Damaged`] if the file was
    /// changed by somebody else.
    pub async fn held(&self) -> Result<Held, VaultError> {
        let chains = self.storage.chains().await?;
        if chains.entries.is_empty() && self.storage.profile().await?.is_none() {
            return Err(gone(self.storage.as_ref()).await?);
        }
        let before = self.verified.lock().unwrap_or_else(PoisonError::into_inner).take();
        let held = match before {
            Some(before) => before.grown_to(chains),
            None => Held::of(self.profile.account, chains),
        }?;
        *self.verified.lock().unwrap_or_else(PoisonError::into_inner) = Some(held.clone());
        Ok(held)
    }

    /// What was read last.
    pub(super) fn remembered(&self) -> Option<Arc<Stored>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn remember(&self, stored: Arc<Stored>) {
        *self.remembered.lock().unwrap_or_else(PoisonError::into_inner) = Some(stored);
    }

    /// Who this device is, as it was when the profile was opened.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Where the profile is kept.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// What time it is.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

/// Why there is no profile.
async fn gone(storage: &dyn Storage) -> Result<VaultError, VaultError> {
    Ok(storage.farewell().await?.map_or(VaultError::NoProfile, VaultError::Removed))
}
