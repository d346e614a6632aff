use keyfold_authenticator::{Authenticator, Model, UserVerification};
use keyfold_crypto::random;
use keyfold_wire::ItemId;
use tokio::runtime::Handle;

use super::{Locked, PasskeySnapshot, UnlockedVault, VaultError, credential_store::Replaces};
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

/// A new passkey. Till its site has named it without them, those that it replaces are there too.
pub struct Registered {
    /// For the relying party.
    pub response: RegistrationResponse,
    /// The passkey's item: what does not reach the page is [deleted](UnlockedVault::delete).
    pub item: ItemId,
}

/// A sign-in.
pub struct SignedIn {
    /// For the relying party.
    pub response: AuthenticationResponse,
    /// To be [noted](UnlockedVault::note) once the response is given, so that nobody waits for that.
    pub used: Used,
}

/// That a passkey was used. It may be lost without harm: the next use says it again.
pub struct Used(Option<Box<PasskeySnapshot>>);

impl Used {
    /// Whether the sign-in changed more than that, such as a large blob: it is kept, and worth a sync.
    #[must_use]
    pub const fn is_to_send(&self) -> bool {
        self.0.is_none()
    }
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
    ) -> Result<Registered, RegisterError> {
        let (response, mut snapshot) = self.creates(self.snapshot().await?, page, options, user)?;
        registered(response, self.keep(&mut snapshot).await?)
    }

    /// The same in a snapshot, on a thread that may wait for `runtime`, as the prompt may then as well.
    ///
    /// # Errors
    /// [`RegisterError`]; no passkey was made then.
    pub fn register_with(
        &self,
        snapshot: PasskeySnapshot,
        runtime: &Handle,
        page: &Page,
        options: &str,
        user: &mut (dyn UserVerification + Send),
    ) -> Result<Registered, RegisterError> {
        let (response, mut snapshot) = self.creates(snapshot, page, options, user)?;
        registered(response, runtime.block_on(self.keep(&mut snapshot))?)
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
        let (response, snapshot) = self.gets(self.snapshot().await?, page, options, user)?;
        Ok(SignedIn { response, used: self.signed(snapshot).await? })
    }

    /// Notes that a passkey was used, durably. The sign-in is good all the same if that fails.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn note(&self, used: Used) -> Result<(), VaultError> {
        match used.0 {
            Some(mut snapshot) => {
                // The person had time to answer, and others to change what it says.
                snapshot.renew(self.contents().await?);
                self.keep(&mut snapshot).await.map(drop)
            }
            None => Ok(()),
        }
    }

    /// The same in a snapshot, on a thread that may wait for `runtime`, as the prompt may then as well.
    ///
    /// # Errors
    /// [`SignInError`]; nothing was signed then.
    pub fn sign_in_with(
        &self,
        snapshot: PasskeySnapshot,
        runtime: &Handle,
        page: &Page,
        options: &str,
        user: &mut (dyn UserVerification + Send),
    ) -> Result<SignedIn, SignInError> {
        let (response, snapshot) = self.gets(snapshot, page, options, user)?;
        Ok(SignedIn { response, used: runtime.block_on(self.signed(snapshot))? })
    }

    /// Keeps what may not be lost, such as a large blob, before the response is given.
    async fn signed(&self, mut snapshot: PasskeySnapshot) -> Result<Used, VaultError> {
        if !snapshot.says_only_that_it_was_used() {
            self.keep(&mut snapshot).await?;
            return Ok(Used(None));
        }
        // Somebody may have locked it while the user was asked; that it was idle meanwhile means nothing.
        match self.local().locked().await? {
            Some(locked @ Locked::OnRequest) => Err(VaultError::Locked(locked)),
            Some(Locked::Idle) | None => Ok(Used(Some(Box::new(snapshot)))),
        }
    }

    fn creates(
        &self,
        snapshot: PasskeySnapshot,
        page: &Page,
        options: &str,
        user: &mut (dyn UserVerification + Send),
    ) -> Result<(RegistrationResponse, PasskeySnapshot), CreateError> {
        let snapshot = snapshot.replaces(Replaces::OnceKnown);
        let mut authenticator = Authenticator::new(Model::SYNCED, snapshot, random::system());
        let clock = self.local().clock().as_ref();
        let response = create(Ceremony { page, authenticator: &mut authenticator, user, clock }, options)?;
        Ok((response, authenticator.into_store()))
    }

    fn gets(
        &self,
        snapshot: PasskeySnapshot,
        page: &Page,
        options: &str,
        user: &mut (dyn UserVerification + Send),
    ) -> Result<(AuthenticationResponse, PasskeySnapshot), GetError> {
        let snapshot = snapshot.replaces(Replaces::OnceKnown);
        let mut authenticator = Authenticator::new(Model::SYNCED, snapshot, random::system());
        let clock = self.local().clock().as_ref();
        let response = get(Ceremony { page, authenticator: &mut authenticator, user, clock }, options)?;
        Ok((response, authenticator.into_store()))
    }
}

fn registered(response: RegistrationResponse, made: Vec<ItemId>) -> Result<Registered, RegisterError> {
    let [item] = made.as_slice() else {
        return Err(VaultError::Damaged("the authenticator made no passkey".to_owned()).into());
    };
    Ok(Registered { response, item: *item })
}
