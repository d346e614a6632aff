use keyfold_authenticator::{
    AllowList, Assertion, CredentialStore, CtapError, Discoverability, GetAssertion, Presence, StoreError, UnixMillis,
    User,
};
use rand_core::CryptoRng;
use thiserror::Error;

use super::ceremony::Timed;
use super::client_data::{ClientData, Kind};
use super::extensions::{
    ExtensionOutputs, LargeBlobOutputJson, LargeBlobUse, PrfOutputJson, PrfResults, SecretText, deflated, inflated,
};
use super::request_options::RequestOptions;
use super::{AuthenticationResponse, Ceremony, Page, RequestOptionsError, RpIdError};

/// Signs in: `navigator.credentials.get()` (WebAuthn §5.1.4).
///
/// `options` is PublicKeyCredentialRequestOptionsJSON, at most 65,536 bytes.
///
/// # Errors
/// [`GetError`]; nothing has been signed then.
pub fn get<S: CredentialStore, R: CryptoRng>(
    ceremony: Ceremony<'_, S, R>,
    options: &str,
) -> Result<AuthenticationResponse, GetError> {
    let options = RequestOptions::parse(options)?;
    let rp_id = ceremony.page.resolve(options.rp_id.as_deref())?;
    let client_data = ClientData::new(Kind::Get, &options.challenge, ceremony.page);
    let mut user = Timed::start(ceremony.user, ceremony.clock, options.timeout);
    let request = GetAssertion {
        rp_id,
        client_data_hash: client_data.hash(),
        allow: options.allow,
        presence: Presence::Required,
        verification: options.verification,
        hmac_secret: None,
        cred_blob: options.extensions.wants_cred_blob(),
        large_blob_key: false,
        prf: options.prf,
    };
    let now = UnixMillis(ceremony.clock.now());
    let assertion = ceremony.authenticator.get_assertion(&request, &mut user, now)?;
    let used =
        options.large_blob.map(|used| large_blob(ceremony.authenticator.store_mut(), &request, &assertion, used));
    let extensions = ExtensionOutputs {
        cred_props: None,
        large_blob: used.transpose()?,
        cred_blob: None,
        get_cred_blob: assertion.cred_blob.as_ref().map(|blob| SecretText::of(blob)),
        prf: options
            .extensions
            .wants_prf()
            .then(|| PrfOutputJson { enabled: None, results: assertion.prf.as_ref().map(PrfResults::from) }),
    };
    Ok(AuthenticationResponse::new(&assertion, client_data, extensions))
}

/// Who could sign in with a passkey of `store`, the newest first; nobody is asked, and nothing is signed.
///
/// # Errors
/// [`GetError`].
pub fn candidates(page: &Page, options: &str, store: &impl CredentialStore) -> Result<Vec<User>, GetError> {
    let options = RequestOptions::parse(options)?;
    let rp_id = page.resolve(options.rp_id.as_deref())?;
    let mut found = store.find(&rp_id, None).map_err(CtapError::from)?;
    found.retain(|listing| match &options.allow {
        AllowList::Discoverable => listing.discoverability == Discoverability::Discoverable,
        AllowList::Only(ids) => ids.iter().any(|id| id == listing.credential_id.as_bytes()),
    });
    Ok(found.into_iter().map(|listing| listing.user).collect())
}

/// Reads or writes the blob of the passkey that signed.
fn large_blob<S: CredentialStore>(
    store: &mut S,
    request: &GetAssertion,
    assertion: &Assertion,
    used: LargeBlobUse,
) -> Result<LargeBlobOutputJson, GetError> {
    let mut output = LargeBlobOutputJson::default();
    match used {
        LargeBlobUse::Read => {
            let blob = store.large_blob(&request.rp_id, &assertion.credential_id).map_err(CtapError::from)?;
            output.blob = blob.as_ref().and_then(inflated).map(|blob| SecretText::of(&blob));
        }
        LargeBlobUse::Write(blob) => {
            let written = match deflated(&blob) {
                Some(blob) => store.set_large_blob(&request.rp_id, &assertion.credential_id, Some(&blob)),
                None => Err(StoreError::Full),
            };
            output.written = Some(written != Err(StoreError::Full));
            written.or_else(|error| if error == StoreError::Full { Ok(()) } else { Err(CtapError::from(error)) })?;
        }
    }
    Ok(output)
}

/// Why nothing was signed.
///
/// The messages are for the user of this device. A page may learn [`GetError::dom_name`] and no
/// more.
#[derive(Debug, Error)]
pub enum GetError {
    /// The options are malformed; the relying party must correct them.
    #[error(transparent)]
    Options(#[from] RequestOptionsError),
    /// The origin may not use passkeys for this RP id.
    #[error(transparent)]
    RpId(#[from] RpIdError),
    /// The vault is locked, damaged or out of reach; unlock it and try again.
    #[error("the vault is not available")]
    VaultUnavailable,
    /// No passkey here fits, or the user did not agree in time. Which of them is nobody's business.
    #[error("the operation was not allowed, or timed out")]
    NotAllowed,
}

impl GetError {
    /// The name of the DOMException that a page sees (WebAuthn §5.1.4).
    pub fn dom_name(&self) -> &'static str {
        match self {
            GetError::Options(error) => error.dom_name(),
            GetError::RpId(_) => "SecurityError",
            GetError::VaultUnavailable | GetError::NotAllowed => "NotAllowedError",
        }
    }
}

impl From<CtapError> for GetError {
    fn from(error: CtapError) -> Self {
        match error {
            CtapError::Other => GetError::VaultUnavailable,
            _ => GetError::NotAllowed,
        }
    }
}
