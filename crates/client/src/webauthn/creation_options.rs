use std::time::Duration;

use keyfold_authenticator::{
    AttestationFormat, Label, MakeExtensions, PrfSalts, User, UserHandle, VerificationRequirement,
};
use serde::Deserialize;
use thiserror::Error;

use super::base64url::Base64Url;
use super::extensions::{ExtensionError, ExtensionInputs};
use super::members::{self, Descriptor, MAX_JSON, MIN_CHALLENGE, PUBLIC_KEY};

/// What a relying party wants made, checked.
pub(super) struct CreationOptions {
    pub(super) rp_id: Option<String>,
    pub(super) rp_name: Label,
    pub(super) user: User,
    pub(super) challenge: Vec<u8>,
    /// COSE algorithm identifiers in order of preference.
    pub(super) algorithms: Vec<i64>,
    pub(super) timeout: Duration,
    pub(super) exclude: Vec<Vec<u8>>,
    pub(super) attachment: Attachment,
    pub(super) verification: VerificationRequirement,
    pub(super) prf: Option<PrfSalts>,
    pub(super) attestation: AttestationFormat,
    pub(super) asked: MakeExtensions,
    pub(super) extensions: ExtensionInputs,
}

/// Whether this authenticator, which is part of the device, may answer.
#[derive(PartialEq, Eq)]
pub(super) enum Attachment {
    Suits,
    OthersOnly,
}

impl CreationOptions {
    /// Reads PublicKeyCredentialCreationOptionsJSON (WebAuthn §5.1.8).
    pub(super) fn parse(json: &str) -> Result<Self, CreationOptionsError> {
        if json.len() > MAX_JSON {
            return Err(CreationOptionsError::TooLarge);
        }
        let json: Json = serde_json::from_str(json)?;
        if json.challenge.0.len() < MIN_CHALLENGE {
            return Err(CreationOptionsError::ShortChallenge);
        }
        let algorithms = algorithms(json.pub_key_cred_params)?;
        let selection = json.authenticator_selection.unwrap_or_default();
        let extensions = json.extensions.unwrap_or_default();
        Ok(CreationOptions {
            rp_id: json.rp.id,
            rp_name: Label::clipped(&json.rp.name),
            user: json.user.try_into()?,
            challenge: json.challenge.0,
            algorithms,
            timeout: members::timeout(json.timeout),
            exclude: members::credential_ids(json.exclude_credentials.unwrap_or_default()),
            attachment: match selection.authenticator_attachment.as_deref() {
                Some("cross-platform") => Attachment::OthersOnly,
                _ => Attachment::Suits,
            },
            verification: members::verification(selection.user_verification.as_deref()),
            attestation: match json.attestation.as_deref() {
                // Whether there is something to show is for whoever vouches for this device to say.
                Some("direct" | "enterprise") => AttestationFormat::Device,
                _ => AttestationFormat::None,
            },
            prf: extensions.prf_at_creation()?,
            asked: extensions.at_creation()?,
            extensions,
        })
    }
}

/// Why creation options were refused.
#[derive(Debug, Error)]
pub enum CreationOptionsError {
    /// The JSON is over 65,536 bytes.
    #[error("the options are over 65,536 bytes long")]
    TooLarge,
    /// It is no JSON, or a member is missing or of the wrong type.
    #[error("the options are malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The challenge has fewer than 16 bytes.
    #[error("the challenge is shorter than 16 bytes")]
    ShortChallenge,
    /// `user.id` is not 1 to 64 bytes long.
    #[error("user.id is not 1 to 64 bytes long")]
    UserIdLength,
    /// No entry of `pubKeyCredParams` is of type "public-key".
    #[error("pubKeyCredParams has no entry of type \"public-key\"")]
    NoKnownType,
    /// An extension's input is against its rules.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
}

impl CreationOptionsError {
    pub(super) fn dom_name(&self) -> &'static str {
        match self {
            CreationOptionsError::NoKnownType => "NotSupportedError",
            CreationOptionsError::Extension(error) => error.dom_name(),
            _ => "TypeError",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    rp: RpJson,
    user: UserJson,
    challenge: Base64Url,
    pub_key_cred_params: Vec<ParametersJson>,
    timeout: Option<u32>,
    exclude_credentials: Option<Vec<Descriptor>>,
    authenticator_selection: Option<SelectionJson>,
    extensions: Option<ExtensionInputs>,
    attestation: Option<String>,
}

#[derive(Deserialize)]
struct RpJson {
    id: Option<String>,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserJson {
    id: Base64Url,
    name: String,
    display_name: String,
}

#[derive(Deserialize)]
struct ParametersJson {
    #[serde(rename = "type")]
    kind: String,
    alg: i32,
}

/// AuthenticatorSelectionCriteria. Every passkey is discoverable, which meets any resident key
/// requirement.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SelectionJson {
    authenticator_attachment: Option<String>,
    user_verification: Option<String>,
    #[serde(rename = "residentKey")]
    _resident_key: Option<String>,
    #[serde(rename = "requireResidentKey")]
    _require_resident_key: Option<bool>,
}

impl TryFrom<UserJson> for User {
    type Error = CreationOptionsError;

    fn try_from(json: UserJson) -> Result<Self, CreationOptionsError> {
        Ok(User {
            handle: UserHandle::try_from(json.id.0.as_slice()).map_err(|_| CreationOptionsError::UserIdLength)?,
            name: Some(Label::clipped(&json.name)),
            display_name: Some(Label::clipped(&json.display_name)),
        })
    }
}

/// WebAuthn §5.1.3 step 10: an empty list stands for ES256 and RS256.
fn algorithms(parameters: Vec<ParametersJson>) -> Result<Vec<i64>, CreationOptionsError> {
    if parameters.is_empty() {
        return Ok(vec![-7, -257]);
    }
    let known = parameters.iter().filter(|parameters| parameters.kind == PUBLIC_KEY);
    let algorithms: Vec<i64> = known.map(|parameters| parameters.alg.into()).collect();
    if algorithms.is_empty() { Err(CreationOptionsError::NoKnownType) } else { Ok(algorithms) }
}
