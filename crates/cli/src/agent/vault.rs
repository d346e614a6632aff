use std::sync::{Arc, Mutex, PoisonError};

use keyfold_client::{
    device::Passphrase,
    vault::{LocalVault, PasskeySnapshot, UnlockedVault, VaultError},
};
use tokio::sync::{Notify, watch};

use crate::keyring::DesktopKeyring;

/// The vault that the agent serves: open while it is used, closed once it is locked.
pub(crate) struct AgentVault {
    local: LocalVault,
    open: Mutex<Option<UnlockedVault>>,
    changed: Notify,
    opened: Notify,
    /// How many answers are being finished.
    finishing: watch::Sender<usize>,
}

impl AgentVault {
    pub(crate) fn of(vault: UnlockedVault) -> Self {
        let local = vault.local().clone();
        Self {
            local,
            open: Mutex::new(Some(vault)),
            changed: Notify::new(),
            opened: Notify::new(),
            finishing: watch::Sender::new(0),
        }
    }

    /// The profile, whether it is open or not.
    pub(crate) const fn local(&self) -> &LocalVault {
        &self.local
    }

    /// The vault with what is in it, if it is open, or the keyring opens it. A locked one is forgotten here, with its keys.
    pub(crate) async fn snapshot(&self) -> Result<Option<(UnlockedVault, PasskeySnapshot)>, VaultError> {
        let vault = match self.held() {
            Some(vault) => vault,
            None => match self.by_keyring().await? {
                Some(vault) => vault,
                None => return Ok(None),
            },
        };
        match vault.snapshot_unless_locked().await {
            Ok(snapshot) => Ok(Some((vault, snapshot))),
            Err(VaultError::Locked(_)) => {
                self.forget_locked(&vault);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The vault, if it is open, or the keyring opens it. A locked one is forgotten here, with its keys.
    pub(crate) async fn unlocked(&self) -> Result<Option<UnlockedVault>, VaultError> {
        let Some(vault) = self.held() else { return self.by_keyring().await };
        if self.local.locked().await?.is_some() {
            self.forget_locked(&vault);
            return Ok(None);
        }
        Ok(Some(vault))
    }

    /// Opened by the keyring, which opens no locked one.
    async fn by_keyring(&self) -> Result<Option<UnlockedVault>, VaultError> {
        match self.local.unlock_by_keyring(&DesktopKeyring).await {
            Ok(vault) => {
                self.set(vault.clone());
                Ok(vault)
            }
            Err(VaultError::Locked(_) | VaultError::Keyring(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens it. Each attempt is counted, durably.
    pub(crate) async fn unlock(&self, passphrase: &Passphrase) -> Result<UnlockedVault, VaultError> {
        let vault = self.local.unlock(passphrase).await?;
        self.set(Some(vault.clone()));
        self.opened.notify_waiters();
        Ok(vault)
    }

    /// Returns once it was opened by its passphrase.
    pub(crate) async fn opened(&self) {
        self.opened.notified().await;
    }

    /// Its keys are forgotten here.
    pub(crate) fn forget(&self) {
        self.set(None);
    }

    /// Somebody has used it: it locks by itself later.
    pub(crate) async fn used(&self) -> Result<(), VaultError> {
        Ok(self.local.storage().used(self.local.clock().now()).await?)
    }

    /// Held while what was answered already is brought to its end.
    pub(crate) fn finishing(&self) -> Finishing<'_> {
        self.finishing.send_modify(|answers| *answers += 1);
        Finishing(&self.finishing)
    }

    /// Returns once nothing is being finished.
    pub(crate) async fn finished(&self) {
        // It fails only where the sender is gone, and that is this value.
        drop(self.finishing.subscribe().wait_for(|answers| *answers == 0).await);
    }

    /// Something may have changed that the server does not know.
    pub(crate) fn changes(&self) {
        self.changed.notify_one();
    }

    /// Returns once something may have changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn held(&self) -> Option<UnlockedVault> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Unless somebody has opened it again meanwhile.
    fn forget_locked(&self, vault: &UnlockedVault) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take_if(|open| is_same(open, vault));
    }

    fn set(&self, vault: Option<UnlockedVault>) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = vault;
    }
}

/// An answer that is being finished.
pub(crate) struct Finishing<'a>(&'a watch::Sender<usize>);

impl Drop for Finishing<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|answers| *answers = answers.saturating_sub(1));
    }
}

/// Whether two are open under the same opening of their secrets.
pub(crate) fn is_same(one: &UnlockedVault, other: &UnlockedVault) -> bool {
    Arc::ptr_eq(one.keys(), other.keys())
}
