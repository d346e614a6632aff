use keyfold_authenticator::{
    CredentialStore, CtapError, Discoverability, MAX_CRED_BLOB, MakeCredential, RelyingParty, UnixMillis,
};
use rand_core::CryptoRng;
use thiserror::Error;

use super::ceremony::Timed;
use super::client_data::{ClientData, Kind};
use super::creation_options::{Attachment, CreationOptions};
use super::extensions::{CredProps, ExtensionOutputs, LargeBlobOutputJson, PrfOutputJson, PrfResults};
use super::{Ceremony, CreationOptionsError, RegistrationResponse, RpIdError};

/// Makes a passkey: `navigator.credentials.create()` (WebAuthn §5.1.3).
///
/// `options` is PublicKeyCredentialCreationOptionsJSON, at most 65,536 bytes.
///
/// # Errors
/// [`CreateError`]; no passkey has been kept then.
pub fn create<S: CredentialStore, R: CryptoRng>(
    ceremony: Ceremony<'_, S, R>,
    options: &str,
) -> Result<RegistrationResponse, CreateError> {
    let options = CreationOptions::parse(options)?;
    let rp_id = ceremony.page.resolve(options.rp_id.as_deref())?;
    if options.attachment == Attachment::OthersOnly {
        return Err(CreateError::NotAllowed);
    }
    let client_data = ClientData::new(Kind::Create, &options.challenge, ceremony.page);
    let mut user = Timed::start(ceremony.user, ceremony.clock, options.timeout);
    let now = UnixMillis(ceremony.clock.now());
    let request = MakeCredential {
        client_data_hash: client_data.hash(),
        relying_party: RelyingParty { id: rp_id, name: Some(options.rp_name) },
        user: options.user,
        algorithms: options.algorithms,
        exclude: options.exclude,
        verification: options.verification,
        discoverability: Discoverability::Discoverable,
        attestation: options.attestation,
        extensions: options.asked,
        prf: options.prf,
    };
    let attestation = ceremony.authenticator.make_credential(&request, &mut user, now)?;
    let extensions = ExtensionOutputs {
        cred_props: options.extensions.wants_cred_props().then_some(CredProps { rk: true }),
        prf: options
            .extensions
            .wants_prf()
            .then(|| PrfOutputJson { enabled: Some(true), results: attestation.prf.as_ref().map(PrfResults::from) }),
        large_blob: options
            .extensions
            .asks_for_large_blobs()
            .then(|| LargeBlobOutputJson { supported: Some(true), ..LargeBlobOutputJson::default() }),
        cred_blob: request.extensions.cred_blob.as_ref().map(|blob| blob.len() <= MAX_CRED_BLOB),
        get_cred_blob: None,
    };
    Ok(RegistrationResponse::new(&attestation, client_data, extensions)?)
}

/// Why no passkey was made.
///
/// The messages are for the user of this device. A page may learn [`CreateError::dom_name`] and
/// no more.
#[derive(Debug, Error)]
pub enum CreateError {
    /// The options are malformed; the relying party must correct them.
    #[error(transparent)]
    Options(#[from] CreationOptionsError),
    /// The origin may not have passkeys for this RP id.
    #[error(transparent)]
    RpId(#[from] RpIdError),
    /// None of the algorithms that the relying party takes is one of ours.
    #[error("the relying party takes none of ES256, EdDSA, ES384 and ML-DSA-44")]
    UnsupportedAlgorithms,
    /// There is a passkey for this account already, and the user agreed to tell; sign in with it.
    #[error("a passkey for this account is already here")]
    AlreadyRegistered,
    /// The vault has no room for another passkey; delete one.
    #[error("the vault is full")]
    VaultFull,
    /// The vault is locked, damaged or out of reach; unlock it and try again.
    #[error("the vault is not available")]
    VaultUnavailable,
    /// The user did not agree in time, or another kind of authenticator is wanted.
    #[error("the operation was not allowed, or timed out")]
    NotAllowed,
}

impl CreateError {
    /// The name of the DOMException that a page sees (WebAuthn §5.1.3).
    pub fn dom_name(&self) -> &'static str {
        match self {
            CreateError::Options(error) => error.dom_name(),
            CreateError::RpId(_) => "SecurityError",
            CreateError::UnsupportedAlgorithms => "NotSupportedError",
            CreateError::AlreadyRegistered => "InvalidStateError",
            CreateError::VaultFull | CreateError::VaultUnavailable | CreateError::NotAllowed => "NotAllowedError",
        }
    }
}

impl From<CtapError> for CreateError {
    fn from(error: CtapError) -> Self {
        match error {
            CtapError::CredentialExcluded => CreateError::AlreadyRegistered,
            CtapError::UnsupportedAlgorithm => CreateError::UnsupportedAlgorithms,
            CtapError::KeyStoreFull => CreateError::VaultFull,
            CtapError::Other => CreateError::VaultUnavailable,
            _ => CreateError::NotAllowed,
        }
    }
}
