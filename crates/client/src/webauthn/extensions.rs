//! The client extensions: `credProps` (WebAuthn §10.1.3), `prf` (§10.1.4), `largeBlob` (§10.1.5), and those of CTAP 2.1 §12
//! that browsers pass on: `credProtect`, `credBlob`, `minPinLength`. Others are ignored.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use keyfold_authenticator::{CredProtect, LargeBlob, MakeExtensions, PrfInputs, PrfOutput, PrfSalts};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;
use zeroize::Zeroizing;

use super::base64url::Base64Url;

/// AuthenticationExtensionsClientInputsJSON, as far as we know it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtensionInputs {
    cred_props: Option<bool>,
    prf: Option<PrfInputJson>,
    large_blob: Option<LargeBlobInputJson>,
    credential_protection_policy: Option<String>,
    cred_blob: Option<Base64Url>,
    get_cred_blob: Option<bool>,
    min_pin_length: Option<bool>,
}

/// AuthenticationExtensionsLargeBlobInputsJSON.
#[derive(Deserialize)]
pub(super) struct LargeBlobInputJson {
    support: Option<String>,
    read: Option<bool>,
    write: Option<Base64Url>,
}

/// What a sign-in does with the passkey's large blob.
#[derive(Clone)]
pub(super) enum LargeBlobUse {
    Read,
    Write(Zeroizing<Vec<u8>>),
}

/// AuthenticationExtensionsPRFInputsJSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PrfInputJson {
    eval: Option<PrfValuesJson>,
    eval_by_credential: Option<BTreeMap<String, PrfValuesJson>>,
}

#[derive(Deserialize)]
struct PrfValuesJson {
    first: Base64Url,
    second: Option<Base64Url>,
}

impl ExtensionInputs {
    pub(super) fn wants_cred_props(&self) -> bool {
        self.cred_props == Some(true)
    }

    pub(super) fn wants_prf(&self) -> bool {
        self.prf.is_some()
    }

    /// What the authenticator is asked for when a passkey is made.
    pub(super) fn at_creation(&self) -> Result<MakeExtensions, ExtensionError> {
        let policy = self.credential_protection_policy.as_deref();
        let large_blob = self.large_blob.as_ref();
        if large_blob.is_some_and(|input| input.read.is_some() || input.write.is_some()) {
            return Err(ExtensionError::LargeBlobAtCreation);
        }
        Ok(MakeExtensions {
            cred_protect: policy.map(|policy| protection(policy).ok_or(ExtensionError::Protection)).transpose()?,
            cred_blob: self.cred_blob.as_ref().map(|blob| blob.0.clone()),
            min_pin_length: self.min_pin_length == Some(true),
            ..MakeExtensions::default()
        })
    }

    /// Whether large blobs are asked about, when a passkey is made: they are always supported.
    pub(super) fn asks_for_large_blobs(&self) -> bool {
        self.large_blob.as_ref().is_some_and(|input| input.support.is_some())
    }

    /// Whether the bytes stored with the passkey are asked for.
    pub(super) fn wants_cred_blob(&self) -> bool {
        self.get_cred_blob == Some(true)
    }

    /// What to do with the large blob of the passkey that signs in. To write, it must be clear which one that is.
    pub(super) fn large_blob(&self, allowed: &[Vec<u8>]) -> Result<Option<LargeBlobUse>, ExtensionError> {
        let Some(input) = &self.large_blob else { return Ok(None) };
        match (&input.support, input.read, &input.write) {
            (Some(_), _, _) | (None, Some(true), Some(_)) => Err(ExtensionError::LargeBlobAtRequest),
            (None, Some(true), None) => Ok(Some(LargeBlobUse::Read)),
            (None, _, Some(blob)) if allowed.len() == 1 => {
                Ok(Some(LargeBlobUse::Write(Zeroizing::new(blob.0.clone()))))
            }
            (None, _, Some(_)) => Err(ExtensionError::LargeBlobOfWhich),
            (None, _, None) => Ok(None),
        }
    }

    /// What to evaluate when a passkey is made.
    pub(super) fn prf_at_creation(&self) -> Result<Option<PrfSalts>, ExtensionError> {
        let Some(prf) = &self.prf else { return Ok(None) };
        if prf.eval_by_credential.is_some() {
            return Err(ExtensionError::ByCredentialAtCreation);
        }
        Ok(prf.eval.as_ref().map(PrfValuesJson::salts))
    }

    /// What to evaluate when signing in with one of the allowed credentials.
    pub(super) fn prf_at_request(&self, allowed: &[Vec<u8>]) -> Result<PrfInputs, ExtensionError> {
        let Some(prf) = &self.prf else { return Ok(PrfInputs::default()) };
        let by_credential = prf.eval_by_credential.iter().flatten();
        if allowed.is_empty() && by_credential.clone().next().is_some() {
            return Err(ExtensionError::ByCredentialWithoutAllowList);
        }
        let by_credential = by_credential.map(|(key, values)| {
            let id = BASE64URL_NOPAD.decode(key.as_bytes()).map_err(|_| ExtensionError::UnknownCredential)?;
            if id.is_empty() || !allowed.contains(&id) {
                return Err(ExtensionError::UnknownCredential);
            }
            Ok((id, values.salts()))
        });
        Ok(PrfInputs {
            by_credential: by_credential.collect::<Result<_, _>>()?,
            otherwise: prf.eval.as_ref().map(PrfValuesJson::salts),
        })
    }
}

impl PrfValuesJson {
    fn salts(&self) -> PrfSalts {
        PrfSalts { first: salt(&self.first), second: self.second.as_ref().map(salt) }
    }
}

fn protection(policy: &str) -> Option<CredProtect> {
    let policies = [
        CredProtect::VerificationOptional,
        CredProtect::VerificationOptionalWithList,
        CredProtect::VerificationRequired,
    ];
    policies.into_iter().find(|known| known.to_string() == policy)
}

/// Compresses a blob as CTAP does, if there is room for it.
pub(super) fn deflated(blob: &[u8]) -> Option<LargeBlob> {
    if blob.len() > MAX_LARGE_BLOB {
        return None;
    }
    let deflated = Zeroizing::new(miniz_oxide::deflate::compress_to_vec(blob, COMPRESSION));
    Some(LargeBlob { size: u64::try_from(blob.len()).ok()?, deflated })
}

/// The blob itself; none for one that is longer than it says, or than is allowed.
pub(super) fn inflated(blob: &LargeBlob) -> Option<Zeroizing<Vec<u8>>> {
    let size = usize::try_from(blob.size).ok().filter(|size| *size <= MAX_LARGE_BLOB)?;
    let inflated = Zeroizing::new(miniz_oxide::inflate::decompress_to_vec_with_limit(&blob.deflated, size).ok()?);
    (inflated.len() == size).then_some(inflated)
}

/// The most bytes of a blob: 64 KiB. Compressed it must fit into a field of the vault.
const MAX_LARGE_BLOB: usize = 64 * 1_024;
const COMPRESSION: u8 = 6;

/// Why an extension's input was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ExtensionError {
    /// A large blob belongs to a passkey that is there.
    #[error("largeBlob can neither be read nor written when a passkey is made")]
    LargeBlobAtCreation,
    /// Support is asked for when a passkey is made; reading and writing exclude each other.
    #[error("largeBlob at a sign-in is either read or written")]
    LargeBlobAtRequest,
    /// To write, allowCredentials names the one passkey.
    #[error("largeBlob.write needs allowCredentials with exactly one passkey")]
    LargeBlobOfWhich,
    /// No policy of this name.
    #[error("credentialProtectionPolicy is none that there is")]
    Protection,
    /// There is no credential yet to choose inputs by. Use `eval`.
    #[error("prf.evalByCredential can't be used when a passkey is made")]
    ByCredentialAtCreation,
    /// Inputs by credential need a list of the credentials that are meant.
    #[error("prf.evalByCredential needs allowCredentials")]
    ByCredentialWithoutAllowList,
    /// A key of `evalByCredential` is no base64url, or not in `allowCredentials`.
    #[error("a key of prf.evalByCredential is not in allowCredentials")]
    UnknownCredential,
}

impl ExtensionError {
    pub(super) fn dom_name(self) -> &'static str {
        match self {
            ExtensionError::ByCredentialAtCreation
            | ExtensionError::ByCredentialWithoutAllowList
            | ExtensionError::LargeBlobAtCreation
            | ExtensionError::LargeBlobAtRequest
            | ExtensionError::LargeBlobOfWhich => "NotSupportedError",
            ExtensionError::UnknownCredential => "SyntaxError",
            ExtensionError::Protection => "TypeError",
        }
    }
}

/// AuthenticationExtensionsClientOutputsJSON.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtensionOutputs {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cred_props: Option<CredProps>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prf: Option<PrfOutputJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) large_blob: Option<LargeBlobOutputJson>,
    /// Whether the bytes were kept; or the bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cred_blob: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) get_cred_blob: Option<SecretText>,
}

/// AuthenticationExtensionsLargeBlobOutputsJSON.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct LargeBlobOutputJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) blob: Option<SecretText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) written: Option<bool>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct CredProps {
    /// Always true: every passkey is discoverable.
    pub(super) rk: bool,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct PrfOutputJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) results: Option<PrfResults>,
}

#[derive(Clone, Serialize)]
pub(super) struct PrfResults {
    first: SecretText,
    #[serde(skip_serializing_if = "Option::is_none")]
    second: Option<SecretText>,
}

impl From<&PrfOutput> for PrfResults {
    fn from(output: &PrfOutput) -> Self {
        PrfResults {
            first: SecretText::of(output.first()),
            second: output.second().map(|second| SecretText::of(second)),
        }
    }
}

impl fmt::Debug for PrfResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrfResults(..)")
    }
}

/// A secret in base64url. Zeroized on drop; `Debug` prints nothing of it.
#[derive(Clone)]
pub(super) struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(super) fn of(secret: &[u8]) -> Self {
        SecretText(Zeroizing::new(BASE64URL_NOPAD.encode(secret)))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// SHA-256("WebAuthn PRF" ‖ 0x00 ‖ input): keeps what sites evaluate apart from what platforms do.
fn salt(input: &Base64Url) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(b"WebAuthn PRF\0");
    context.update(&input.0);
    let mut salt = [0; 32];
    salt.copy_from_slice(context.finish().as_ref());
    salt
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// WebAuthn L3, "CTAP2 hmac-secret extension" test vectors: prf_eval_* and salt*.
    #[test]
    fn salts_are_those_of_the_standard() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../../../tests/data/prf-ctap.json")).unwrap();
        let case = &file["cases"][1];
        let hex = |name: &str| HEXLOWER.decode(case[name].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(salt(&Base64Url(hex("prf_eval_first"))).as_slice(), hex("salt1"));
        assert_eq!(salt(&Base64Url(hex("prf_eval_second"))).as_slice(), hex("salt2"));
    }
}
