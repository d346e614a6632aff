use keyfold_authenticator::{Answer, Authenticator, Model, Prompt, RelyingParty, UserVerification};
use keyfold_crypto::random;

use super::{UnlockedVault, VaultError};
use crate::webauthn::{
    AuthenticationResponse, Ceremony, CreateError, GetError, Origin, RegistrationResponse, create, get,
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
    /// Makes a passkey for a page at `origin`, from `PublicKeyCredentialCreationOptionsJSON`. It is durable on this device
    /// before the response is given; the next sync sends it.
    ///
    /// # Errors
    /// [`RegisterError`]; no passkey was made then.
    pub async fn register(
        &self,
        origin: &Origin,
        options: &str,
        user: &mut (dyn UserVerification + Send),
    ) -> Result<RegistrationResponse, RegisterError> {
        let snapshot = self.snapshot().await?;
        let mut user = Witness { user, relying_party: None };
        let (response, snapshot) = {
            let mut authenticator = Authenticator::new(Model::SYNCED, snapshot, random::system());
            let clock = self.local().clock().as_ref();
            let ceremony = Ceremony { origin, authenticator: &mut authenticator, user: &mut user, clock };
            let response = create(ceremony, options)?;
            (response, authenticator.into_store())
        };
        let rp_name = user.relying_party.and_then(|party| party.name).map(|name| name.as_str().to_owned());
        self.keep(snapshot, rp_name).await?;
        Ok(response)
    }

    /// Signs in at a page at `origin`, from `PublicKeyCredentialRequestOptionsJSON`.
    ///
    /// # Errors
    /// [`SignInError`]; nothing was signed then.
    pub async fn sign_in(
        &self,
        origin: &Origin,
        options: &str,
        user: &mut (dyn UserVerification + Send),
    ) -> Result<SignedIn, SignInError> {
        let mut user = Witness { user, relying_party: None };
        let snapshot = self.snapshot().await?;
        let (response, snapshot) = {
            let mut authenticator = Authenticator::new(Model::SYNCED, snapshot, random::system());
            let clock = self.local().clock().as_ref();
            let ceremony = Ceremony { origin, authenticator: &mut authenticator, user: &mut user, clock };
            let response = get(ceremony, options)?;
            (response, authenticator.into_store())
        };
        let rp_id = user.relying_party.as_ref().map(|party| party.id.as_str()).unwrap_or_default();
        let not_noted = self.record_use(&snapshot, rp_id, response.credential_id()).await.err();
        Ok(SignedIn { response, not_noted })
    }
}

/// Remembers the relying party: only the prompt is told who it is and what it calls itself.
struct Witness<'a> {
    user: &'a mut (dyn UserVerification + Send),
    relying_party: Option<RelyingParty>,
}

impl UserVerification for Witness<'_> {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Answer {
        self.relying_party = Some(prompt.relying_party.clone());
        self.user.ask(prompt)
    }
}
