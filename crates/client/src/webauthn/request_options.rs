use std::time::Duration;

use keyfold_authenticator::{AllowList, PrfInputs, VerificationRequirement};
use serde::Deserialize;
use thiserror::Error;

use super::base64url::Base64Url;
use super::extensions::{ExtensionError, ExtensionInputs, LargeBlobUse};
use super::members::{self, Descriptor, MAX_JSON, MIN_CHALLENGE};

/// What a relying party wants signed, checked.
pub(super) struct RequestOptions {
    pub(super) rp_id: Option<String>,
    pub(super) challenge: Vec<u8>,
    pub(super) timeout: Duration,
    pub(super) allow: AllowList,
    pub(super) verification: VerificationRequirement,
    pub(super) prf: PrfInputs,
    pub(super) large_blob: Option<LargeBlobUse>,
    pub(super) extensions: ExtensionInputs,
}

impl RequestOptions {
    /// Reads PublicKeyCredentialRequestOptionsJSON (WebAuthn §5.1.9).
    pub(super) fn parse(json: &str) -> Result<Self, RequestOptionsError> {
        if json.len() > MAX_JSON {
            return Err(RequestOptionsError::TooLarge);
        }
        let json: Json = serde_json::from_str(json)?;
        if json.challenge.0.len() < MIN_CHALLENGE {
            return Err(RequestOptionsError::ShortChallenge);
        }
        let descriptors = json.allow_credentials.unwrap_or_default();
        let discoverable = descriptors.is_empty();
        let allowed = members::credential_ids(descriptors);
        // An empty list means something else than a list of nothing known (WebAuthn §5.8.3).
        if allowed.is_empty() && !discoverable {
            return Err(RequestOptionsError::NoKnownType);
        }
        let extensions = json.extensions.unwrap_or_default();
        Ok(RequestOptions {
            rp_id: json.rp_id,
            challenge: json.challenge.0,
            timeout: members::timeout(json.timeout),
            verification: members::verification(json.user_verification.as_deref()),
            prf: extensions.prf_at_request(&allowed)?,
            large_blob: extensions.large_blob(&allowed)?,
            allow: if discoverable { AllowList::Discoverable } else { AllowList::Only(allowed) },
            extensions,
        })
    }
}

/// Why request options were refused.
#[derive(Debug, Error)]
pub enum RequestOptionsError {
    /// The JSON is over 65,536 bytes.
    #[error("the options are over 65,536 bytes long")]
    TooLarge,
    /// It is no JSON, or a member is missing or of the wrong type.
    #[error("the options are malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The challenge has fewer than 16 bytes.
    #[error("the challenge is shorter than 16 bytes")]
    ShortChallenge,
    /// No entry of `allowCredentials` is of type "public-key".
    #[error("allowCredentials has no entry of type \"public-key\"")]
    NoKnownType,
    /// An extension's input is against its rules.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
}

impl RequestOptionsError {
    pub(super) fn dom_name(&self) -> &'static str {
        match self {
            RequestOptionsError::NoKnownType => "NotSupportedError",
            RequestOptionsError::Extension(error) => error.dom_name(),
            _ => "TypeError",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    challenge: Base64Url,
    timeout: Option<u32>,
    rp_id: Option<String>,
    allow_credentials: Option<Vec<Descriptor>>,
    user_verification: Option<String>,
    extensions: Option<ExtensionInputs>,
}
