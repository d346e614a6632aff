//! The client extensions `credProps` (WebAuthn §10.1.3) and `prf` (§10.1.4). Others are ignored.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use keyfold_authenticator::{PrfInputs, PrfOutput, PrfSalts};
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

    /// What to evaluate when a passkey is made.
    pub(super) fn prf_at_creation(&self) -> Result<Option<PrfSalts>, PrfError> {
        let Some(prf) = &self.prf else { return Ok(None) };
        if prf.eval_by_credential.is_some() {
            return Err(PrfError::ByCredentialAtCreation);
        }
        Ok(prf.eval.as_ref().map(PrfValuesJson::salts))
    }

    /// What to evaluate when signing in with one of the allowed credentials.
    pub(super) fn prf_at_request(&self, allowed: &[Vec<u8>]) -> Result<PrfInputs, PrfError> {
        let Some(prf) = &self.prf else { return Ok(PrfInputs::default()) };
        let by_credential = prf.eval_by_credential.iter().flatten();
        if allowed.is_empty() && by_credential.clone().next().is_some() {
            return Err(PrfError::ByCredentialWithoutAllowList);
        }
        let by_credential = by_credential.map(|(key, values)| {
            let id = BASE64URL_NOPAD.decode(key.as_bytes()).map_err(|_| PrfError::UnknownCredential)?;
            if id.is_empty() || !allowed.contains(&id) {
                return Err(PrfError::UnknownCredential);
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

/// Why a `prf` input was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PrfError {
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

impl PrfError {
    pub(super) fn dom_name(self) -> &'static str {
        match self {
            PrfError::ByCredentialAtCreation | PrfError::ByCredentialWithoutAllowList => "NotSupportedError",
            PrfError::UnknownCredential => "SyntaxError",
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
        PrfResults { first: SecretText::of(output.first()), second: output.second().map(SecretText::of) }
    }
}

impl fmt::Debug for PrfResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrfResults(..)")
    }
}

/// A secret in base64url. Zeroized on drop.
#[derive(Clone)]
struct SecretText(Zeroizing<String>);

impl SecretText {
    fn of(secret: &[u8; 32]) -> Self {
        SecretText(Zeroizing::new(BASE64URL_NOPAD.encode(secret)))
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
