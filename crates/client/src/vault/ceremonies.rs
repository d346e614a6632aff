use keyfold_authenticator::{Authenticator, Model, UserVerification};
use keyfold_crypto::random;

use super::{UnlockedVault, VaultError};
use crate::webauthn::{
    AuthenticationResponse, Ceremony, CreateError, GetError, Page, RegistrationResponse, create, get,
};

/// Why no passkey was made.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The ceremony failed.
    #[error(transparent)]
    Ceremony(#[from] CreateError),
    /// The vault failed; nothing was kept.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The ceremony failed.
    #[error(transparent)]
    Ceremony(#[from] GetError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// A sign-in, and what became of noting it.
pub struct SignedIn {
    /// For the relying party.
    pub response: AuthenticationResponse,
    /// Why the time of use was not noted; the sign-in is good all the same.
    pub not_noted: Option<VaultError>,
}

impl UnlockedVault {
    /// Makes a passkey for a page, from `PublicKeyCredentialCreationOptionsJSON`. It is durable on this device
    /// before the response is given; the next sync sends it.
    ///
    /// # Errors
    /// [`RegisterError`]; no passkey was made then.
    pub async fn register(
        &self,
        page: &Page,
        options: &str,
        user: &mut (dyn UserVerification + Send),
    ) -> Result<RegistrationResponse, RegisterError> {
        let snapshot = self.snapshot().await?;
        let (response, mut snapshot) = {
            let mut authenticator = Authenticator::new(Model::SYNCED, snapshot, random::system());
            let clock = self.local().clock().as_ref();
            let ceremony = Ceremony { page, authenticator: &mut authenticator, user, clock };
            let response = create(ceremony, options)?;
            (response, authenticator.into_store())
        };
        self.keep(&mut snapshot).await?;
        Ok(response)
    }

    /// Signs in at a page, from `PublicKeyCredentialRequestOptionsJSON`.
    ///
    /// # Errors
    /// [`SignInError`]; nothing was signed then.
    pub async fn sign_in(
        &self,
        page: &Page,
        options: &str,
        user: &mut (dyn UserVerification + Send),
    ) -> Result<SignedIn, SignInError> {
        let snapshot = self.snapshot().await?;
        let (response, mut snapshot) = {
            let mut authenticator = Authenticator::new(Model::SYNCED, snapshot, random::system());
            let clock = self.local().clock().as_ref();
            let ceremony = Ceremony { page, authenticator: &mut authenticator, user, clock };
            let response = get(ceremony, options)?;
            (response, authenticator.into_store())
        };
        let may_be_lost = snapshot.says_only_when_it_was_used();
        let not_noted = match self.keep(&mut snapshot).await {
            Err(error @ VaultError::Locked(_)) => return Err(error.into()),
            Err(error) if !may_be_lost => return Err(error.into()),
            kept => kept.err(),
        };
        Ok(SignedIn { response, not_noted })
    }
}
