use std::sync::Arc;

use keyfold_client::{
    authenticator::{count_verification, verify_pin},
    device::Passphrase,
    vault::{UnlockedVault, new_pin},
};
use zeroize::Zeroizing;

use super::{NotVerified, SystemPrompt};

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

    /// Counts what became of the system's prompt, durably.
    pub(crate) async fn count(&self, verified: &Result<(), NotVerified>) -> Result<(), String> {
        let is_verified = match verified {
            Ok(()) => true,
            Err(NotVerified::Failed(_)) => false,
            Err(NotVerified::Cancelled | NotVerified::Unavailable(_)) => return Ok(()),
        };
        let counted = self.vault.with_device(move |memory| count_verification(memory, is_verified)).await;
        counted.map_err(|error| error.to_string())?.map(drop).map_err(|error| error.to_string())
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
                self.count(&Ok(())).await
            }
        }
    }
}
