use crate::{Asked, AuthenticatorData, Authority, CredentialKey, Device, Flags, NotAsked, UnixMillis, device};

/// An assertion as a browser hands it over (WebAuthn L3 §5.2.2), out of its base64url.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// The credential's id.
    pub credential_id: &'a [u8],
    /// The authenticator data.
    pub authenticator_data: &'a [u8],
    /// The client data, JSON.
    pub client_data_json: &'a [u8],
    /// The credential's signature.
    pub signature: &'a [u8],
}

/// The credential that the relying party has on record.
#[derive(Debug, Clone, Copy)]
pub struct Credential<'a> {
    /// Its id.
    pub id: &'a [u8],
    /// Its public key.
    pub public_key: &'a CredentialKey,
    /// The BE flag that it was made with.
    pub backup_eligible: bool,
    /// The signature counter of its last assertion.
    pub sign_count: u32,
}

/// A sign-in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// How it was, by the authenticator's word.
    pub flags: Flags,
    /// To be kept with the credential.
    pub sign_count: u32,
    /// Which device signed, by its tenant's word.
    pub device: Device,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// The authenticator data cannot be read.
    #[error("the authenticator data cannot be read")]
    Malformed,
    /// It is none to what was asked.
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
    /// It is of another credential.
    #[error("it is of another credential")]
    Credential,
    /// The signature is not the credential's.
    #[error("the signature is not the credential's")]
    Signature,
    /// A credential cannot become one that is synced, nor cease to be: somebody lies.
    #[error("the credential's backup eligibility has changed")]
    BackupEligibility,
    /// The counter has not grown: there may be a copy of the authenticator.
    #[error("the signature counter has not grown")]
    SignCount,
}

impl Assertion<'_> {
    /// Verifies it as WebAuthn L3 §7.2 wants it, and what it tells of the device. Offline, but for what is passed in.
    ///
    /// # Errors
    /// [`AssertionError`]. Where only the device's evidence is refused, [`SignedIn::device`] says so.
    pub fn verify(
        &self,
        asked: &Asked<'_>,
        credential: &Credential<'_>,
        authority: &Authority,
        now: UnixMillis,
    ) -> Result<SignedIn, AssertionError> {
        if self.credential_id != credential.id {
            return Err(AssertionError::Credential);
        }
        let client_data_hash = asked.client_data(self.client_data_json, "webauthn.get")?;
        let data = AuthenticatorData::parse(self.authenticator_data).map_err(|_| AssertionError::Malformed)?;
        asked.authenticator_data(&data)?;
        let signed = [self.authenticator_data, &client_data_hash].concat();
        if !credential.public_key.signed(&signed, self.signature) {
            return Err(AssertionError::Signature);
        }
        if data.flags.backup_eligible() != credential.backup_eligible {
            return Err(AssertionError::BackupEligibility);
        }
        let counts = data.sign_count != 0 || credential.sign_count != 0;
        if counts && data.sign_count <= credential.sign_count {
            return Err(AssertionError::SignCount);
        }
        let device = device::of(&data, self.credential_id, &client_data_hash, authority, now);
        Ok(SignedIn { flags: data.flags, sign_count: data.sign_count, device })
    }
}
