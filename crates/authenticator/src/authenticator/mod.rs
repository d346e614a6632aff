mod consent;
mod get_assertion;
mod make_credential;
mod session;
#[cfg(test)]
mod tests;

use std::fmt;

use rand_core::CryptoRng;

use crate::{CredentialId, CredentialStore, CtapError, KeyAgreement, Model, UnixMillis};

pub(crate) use consent::{Authority, Consent, consent, permission, strongest};
pub use make_credential::MAX_CRED_BLOB;
pub use session::Channel;
pub(crate) use session::{LargeBlobs, NextAssertions, Pending, Session, Upload};

/// The authenticator: a model, a store, a source of randomness, the key pair under which platforms encrypt to it, and what
/// platforms were given since it has power. See the crate's documentation.
pub struct Authenticator<S, R> {
    pub(crate) model: Model,
    pub(crate) store: S,
    pub(crate) rng: R,
    pub(crate) key_agreement: KeyAgreement,
    pub(crate) session: Session,
}

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// Draws the key pair of this run.
    pub fn new(model: Model, store: S, mut rng: R) -> Self {
        let key_agreement = KeyAgreement::generate(&mut rng);
        Authenticator { model, store, rng, key_agreement, session: Session::default() }
    }

    /// Takes the power away and gives it back: what platforms were given is void, three wrong PINs in a row are forgiven
    /// (all of them are still counted), and for ten seconds a reset is taken without a display (CTAP 2.1 §6.6).
    ///
    /// # Errors
    /// [`CtapError::Other`] if the store is not available.
    pub fn power_cycle(&mut self, now: UnixMillis) -> Result<(), CtapError> {
        let state = self.store.device()?;
        if state.mismatches > 0 {
            self.store.set_device(&state.power_cycled())?;
        }
        self.key_agreement = KeyAgreement::generate(&mut self.rng);
        self.session = Session::powered_at(now);
        Ok(())
    }

    /// The key pair to which platforms encrypt PINs and `hmac-secret` salts.
    pub fn key_agreement(&self) -> &KeyAgreement {
        &self.key_agreement
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The store, to bring it up to date between two requests.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// Gives the store back.
    pub fn into_store(self) -> S {
        self.store
    }
}

impl<S, R> fmt::Debug for Authenticator<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("model", &self.model).finish_non_exhaustive()
    }
}

/// Those of the listed ids that could be ours: others have another length.
fn own_ids(ids: &[Vec<u8>]) -> Vec<CredentialId> {
    ids.iter().filter_map(|id| CredentialId::try_from(id.as_slice()).ok()).collect()
}
