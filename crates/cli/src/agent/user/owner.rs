use std::sync::Arc;

use keyfold_client::{
    authenticator::{DeviceMemory, StoreError, count_verification, uncount_verification, verify_pin},
    device::Passphrase,
    vault::{UnlockedVault, new_pin},
};
use zeroize::Zeroizing;

use super::{NotVerified, SystemPrompt};
use crate::agent::cancel::Cancel;

/// Whoever knows this device's PIN or its passphrase, or whom the system knows.
pub(crate) struct Owner {
    vault: UnlockedVault,
    system: Option<Arc<SystemPrompt>>,
}

/// What somebody typed to prove that they are the owner.
pub(crate) enum Proof {
    Pin(Zeroizing<String>),
    Passphrase(Passphrase),
}

impl Proof {
    pub(crate) fn passphrase(typed: Zeroizing<String>) -> Self {
        Self::Passphrase(Passphrase::typed(typed))
    }
}

impl Owner {
    pub(crate) const fn of(vault: UnlockedVault, system: Option<Arc<SystemPrompt>>) -> Self {
        Self { vault, system }
    }

    /// Whether a PIN is set that may be typed.
    pub(crate) async fn has_pin(&self) -> bool {
        let state = self.vault.with_device(|memory| memory.device()).await;
        state.is_ok_and(|state| state.is_ok_and(|state| state.has_pin() && state.pin_retries() > 0))
    }

    /// The system's prompt, if there is one, and it has not failed too often.
    pub(crate) async fn system(&self) -> Option<&Arc<SystemPrompt>> {
        let system = self.system.as_ref()?;
        let state = self.vault.with_device(|memory| memory.device()).await;
        state.is_ok_and(|state| state.is_ok_and(|state| state.uv_retries() > 0)).then_some(system)
    }

    /// Has the system ask. The attempt is counted, durably, before it is made; where nobody tried anything it is given back.
    pub(crate) async fn known_to_the_system(&self, system: &SystemPrompt, cancel: &Cancel) -> Result<(), NotVerified> {
        let counted = self.with_device(|memory| count_verification(memory, false).map(drop)).await;
        counted.map_err(NotVerified::Unavailable)?;
        let verified = system.verify(cancel).await;
        // What cannot be noted now leaves one attempt less.
        match &verified {
            Ok(()) => drop(self.with_device(|memory| count_verification(memory, true).map(drop)).await),
            Err(NotVerified::Failed(_)) => {}
            Err(NotVerified::Cancelled | NotVerified::Unavailable(_)) => drop(self.uncount().await),
        }
        verified
    }

    /// Gives an attempt back that somebody else counts.
    pub(crate) async fn uncount(&self) -> Result<(), String> {
        self.with_device(|memory| uncount_verification(memory)).await
    }

    async fn with_device(
        &self,
        work: impl FnOnce(&mut dyn DeviceMemory) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), String> {
        let done = self.vault.with_device(work).await;
        done.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    /// Whether it is right; why not, for the person. Each attempt is counted, durably.
    pub(crate) async fn is(&self, proof: Proof) -> Result<(), String> {
        match proof {
            Proof::Pin(typed) => {
                let pin = new_pin(typed).map_err(|_| "this is no PIN: it has 4 to 63 characters".to_owned())?;
                let tried = self.vault.with_device(move |memory| verify_pin(memory, &pin)).await;
                tried.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
            }
            Proof::Passphrase(passphrase) => {
                self.vault.local().unlock(&passphrase).await.map_err(|error| error.to_string())?;
                // As the PIN does.
                self.with_device(|memory| count_verification(memory, true).map(drop)).await
            }
        }
    }
}
