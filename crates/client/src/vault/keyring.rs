use std::sync::Arc;

use super::{LocalVault, UnlockedVault, VaultError};
use crate::{
    device::{DeviceKeys, Keyring, KeyringError, KeyringKey, Owner, Passphrase},
    storage::Write,
};

/// How a profile stands to the keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyringState {
    /// Only the passphrase opens it.
    Off,
    /// The keyring opens it.
    Opens,
    /// It would, but the profile is locked: the passphrase unlocks it.
    Locked,
    /// The keyring should open it and does not: why. The passphrase does.
    Fails(KeyringError),
}

/// The keyring opens the profile no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabled {
    /// Why the keyring still keeps the key, if it does. It opens nothing any more.
    pub not_forgotten: Option<KeyringError>,
}

impl LocalVault {
    /// Under whose name a keyring keeps this device's key.
    #[must_use]
    pub const fn owner(&self) -> Owner {
        Owner { account: self.profile().account, device: self.profile().device }
    }

    /// Opens the device's secrets with the key that the keyring keeps; `None` if no keyring was ever to open them, and then
    /// none is asked. That is a use: the profile is idle from here on anew.
    ///
    /// # Errors
    /// [`VaultError::Keyring`], [`VaultError::Locked`]: the passphrase still opens the device, and nothing was changed.
    pub async fn unlock_by_keyring(&self, keyring: &dyn Keyring) -> Result<Option<UnlockedVault>, VaultError> {
        let opened = self.opened_by_keyring(keyring).await?;
        if opened.is_some() {
            // Where this is not kept, the profile locks sooner.
            drop(self.storage().used(self.clock().now()).await);
        }
        Ok(opened)
    }

    async fn opened_by_keyring(&self, keyring: &dyn Keyring) -> Result<Option<UnlockedVault>, VaultError> {
        let Some(sealed) = self.storage().keyring_secrets().await? else { return Ok(None) };
        if let Some(locked) = self.locked().await? {
            return Err(VaultError::Locked(locked));
        }
        let owner = self.owner();
        let key = keyring.find(&owner).await?;
        let keys = DeviceKeys::open_with_key(&sealed, &owner, &key)?;
        Ok(Some(UnlockedVault::new(self.clone(), Arc::new(keys))))
    }

    /// Whether a keyring is to open this device, whether or not one can now.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn has_keyring(&self) -> Result<bool, VaultError> {
        Ok(self.storage().keyring_secrets().await?.is_some())
    }

    /// How this profile stands to the keyring.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn keyring_state(&self, keyring: &dyn Keyring) -> Result<KeyringState, VaultError> {
        match self.opened_by_keyring(keyring).await {
            Ok(None) => Ok(KeyringState::Off),
            Ok(Some(_)) => Ok(KeyringState::Opens),
            Err(VaultError::Locked(_)) => Ok(KeyringState::Locked),
            Err(VaultError::Keyring(error)) => Ok(KeyringState::Fails(error)),
            Err(error) => Err(error),
        }
    }

    /// Leaves the passphrase as the only way in, which whoever asks for it must know: nobody locks themselves out.
    ///
    /// # Errors
    /// [`VaultError::Secrets`] for another passphrase; nothing was changed then.
    pub async fn disable_keyring(
        &self,
        passphrase: &Passphrase,
        keyring: &dyn Keyring,
    ) -> Result<Disabled, VaultError> {
        self.unlock(passphrase).await?;
        let step = self.storage().step().await?;
        self.storage().apply(&step, vec![Write::ClearKeyringSecrets]).await?;
        // What the keyring keeps opens nothing from here on, whatever becomes of it.
        Ok(Disabled { not_forgotten: keyring.forget(&self.owner()).await.err() })
    }
}

impl UnlockedVault {
    /// Has the keyring open this device from now on, beside the passphrase, under a new key.
    ///
    /// # Errors
    /// [`VaultError::Keyring`] if it cannot keep a key; [`VaultError`]. The passphrase opens the device as before.
    pub async fn enable_keyring(&self, keyring: &dyn Keyring) -> Result<(), VaultError> {
        self.check_created().await?;
        keyring.ready().await?;
        let owner = self.local().owner();
        let (key, sealed) = self.keys().seal_for_keyring(owner.account);
        keyring.keep(&owner, &key).await?;
        let kept = self.keep_for_keyring(keyring, &key, sealed).await;
        if kept.is_err() {
            // The key opens nothing. Where it cannot be removed, it lies there to no purpose.
            drop(keyring.forget(&owner).await);
        }
        kept
    }

    async fn keep_for_keyring(
        &self,
        keyring: &dyn Keyring,
        key: &KeyringKey,
        sealed: Vec<u8>,
    ) -> Result<(), VaultError> {
        // What it says that it keeps, it must give back.
        if keyring.find(&self.local().owner()).await? != *key {
            return Err(KeyringError::NotAKey.into());
        }
        let step = self.storage().step().await?;
        Ok(self.storage().apply(&step, vec![Write::KeyringSecrets(sealed)]).await?)
    }
}
