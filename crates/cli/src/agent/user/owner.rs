use keyfold_client::{
    authenticator::verify_pin,
    device::Passphrase,
    vault::{UnlockedVault, new_pin},
};
use zeroize::Zeroizing;

/// Whoever knows this device's PIN or its passphrase.
pub(crate) struct Owner {
    vault: UnlockedVault,
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
    pub(crate) const fn of(vault: UnlockedVault) -> Self {
        Self { vault }
    }

    /// Whether a PIN is set that may be typed.
    pub(crate) async fn has_pin(&self) -> bool {
        let state = self.vault.with_device(|memory| memory.device()).await;
        state.is_ok_and(|state| state.is_ok_and(|state| state.has_pin() && state.pin_retries() > 0))
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
                self.vault.local().unlock(&passphrase).await.map(drop).map_err(|error| error.to_string())
            }
        }
    }
}
