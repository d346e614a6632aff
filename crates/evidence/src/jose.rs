//! Signed tokens: JWS compact (RFC 7515) with ES256, each of one `typ`.

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    crypto::{CryptoProvider, aws_lc},
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use serde::de::DeserializeOwned;

/// The keys that a tenant signs tokens with, as its `jwks_uri` gives them (RFC 7517 §5): P-256 keys with a `kid` each.
#[derive(Debug, Clone)]
pub struct Keys(Vec<(String, DecodingKey)>);

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token, or longer than any of its kind.
    #[error("it is no token of this kind")]
    Malformed,
    /// It is of another `typ`, or of an algorithm other than ES256, or has a header that must be understood and is not.
    #[error("it is a token of another kind")]
    Kind,
    /// Its `kid` names no key; fetch the tenant's keys again.
    #[error("it is signed by an unknown key")]
    UnknownKey,
    /// Its signature does not verify.
    #[error("its signature does not verify")]
    Signature,
    /// A claim is not what it must be.
    #[error("its claim {0} is not as expected")]
    Claim(&'static str),
    /// It is not valid at this time.
    #[error("it is not valid now")]
    NotNow,
}

impl Keys {
    /// Reads a JWK set; what is no P-256 key with a `kid` is passed over.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] if it is none.
    pub fn from_json(json: &[u8]) -> Result<Self, TokenError> {
        if json.len() > LONGEST_SET {
            return Err(TokenError::Malformed);
        }
        let set: JwkSet = serde_json::from_slice(json).map_err(|_| TokenError::Malformed)?;
        let usable = set.keys.iter().filter(|key| is_for_tokens(key)).filter_map(|key| {
            let id = key.common.key_id.clone()?;
            Some((id, DecodingKey::from_jwk(key).ok()?))
        });
        Ok(Self(usable.collect()))
    }
}

/// Whether it is a P-256 key that verifies signatures by ES256, as far as it says for what it is.
fn is_for_tokens(key: &Jwk) -> bool {
    let is_p256 = matches!(&key.algorithm, AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256);
    let is_es256 = key.common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::ES256);
    is_p256 && is_es256 && key.common.public_key_use.as_ref().is_none_or(|named| *named == PublicKeyUse::Signature)
}

/// The claims of a token that one of these keys signed. Nothing of them is looked at.
pub(crate) fn verified<T: DeserializeOwned>(
    token: &str,
    kind: &str,
    keys: &Keys,
    longest: usize,
) -> Result<T, TokenError> {
    if token.len() > longest {
        return Err(TokenError::Malformed);
    }
    provide();
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
    let is_of_kind = header.typ.as_ref().is_some_and(|typ| typ.eq_ignore_ascii_case(kind));
    if !is_of_kind || header.alg != Algorithm::ES256 || header.crit.is_some() {
        return Err(TokenError::Kind);
    }
    let named = |id: &String| keys.0.iter().find(|(known, _)| known == id);
    let (_, key) = header.kid.as_ref().and_then(named).ok_or(TokenError::UnknownKey)?;
    let mut validation = Validation::new(Algorithm::ES256);
    // The clock is whose who verifies, and so is what the claims must be.
    (validation.validate_exp, validation.validate_aud) = (false, false);
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode::<T>(token, key, &validation);
    decoded.map(|token| token.claims).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenError::Signature,
        _ => TokenError::Malformed,
    })
}

/// Where the program has chosen no cryptography for tokens, this is it.
pub(crate) fn provide() {
    if CryptoProvider::try_get_default().is_none() {
        // Another thread may have been quicker.
        let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    }
}

/// Of a set of keys.
const LONGEST_SET: usize = 256 * 1_024;
