//! The public keys by which a client shows who it is: a JWK set (RFC 7517 §5).

use jsonwebtoken::{
    Algorithm, DecodingKey,
    crypto::{CryptoProvider, aws_lc},
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse},
};
use serde_json::Value;

/// The most bytes that a client's keys may have.
pub const MAX_KEYS: usize = 32 * 1_024;

/// Why a JWK set is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeysError {
    /// It is none, or too long.
    #[error("the keys are no JWK set (RFC 7517 §5) of at most {MAX_KEYS} bytes")]
    Malformed,
    /// It holds a secret, which whoever has seen it should throw away.
    #[error("the keys hold a private key: give public ones alone, and make another in place of this one")]
    Private,
    /// One of its keys cannot be used.
    #[error(
        "key {0} is none of ES256, ES384, EdDSA (Ed25519), PS256 or RS256 (2,048 bits or more) with a kid of its own"
    )]
    Key(usize),
    /// There are none, or too many.
    #[error("give one to eight keys")]
    Count,
}

/// A key with the only algorithm that it is used by.
pub(super) struct ClientKey {
    pub(super) id: String,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// Reads a JWK set in which every key can be used.
pub(super) fn read(json: &str) -> Result<Vec<ClientKey>, ClientKeysError> {
    if json.len() > MAX_KEYS {
        return Err(ClientKeysError::Malformed);
    }
    let value: Value = serde_json::from_str(json).map_err(|_| ClientKeysError::Malformed)?;
    let members = value.get("keys").and_then(Value::as_array).ok_or(ClientKeysError::Malformed)?;
    if members.iter().any(|key| PRIVATE.iter().any(|member| key.get(member).is_some())) {
        return Err(ClientKeysError::Private);
    }
    let set: JwkSet = serde_json::from_value(value).map_err(|_| ClientKeysError::Malformed)?;
    if !(1..=MOST).contains(&set.keys.len()) {
        return Err(ClientKeysError::Count);
    }
    provide();
    let mut keys: Vec<ClientKey> = Vec::new();
    for (position, jwk) in set.keys.iter().enumerate() {
        let key = usable(jwk).ok_or(ClientKeysError::Key(position))?;
        if keys.iter().any(|other| other.id == key.id) {
            return Err(ClientKeysError::Key(position));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn usable(jwk: &Jwk) -> Option<ClientKey> {
    let named = jwk.common.key_algorithm.map(|named| named.to_string());
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => Algorithm::ES384,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        AlgorithmParameters::RSA(key) if is_long(&key.n) => match named.as_deref() {
            Some("RS256") => Algorithm::RS256,
            _ => Algorithm::PS256,
        },
        _ => return None,
    };
    let is_for_signatures = jwk.common.public_key_use.as_ref().is_none_or(|named| *named == PublicKeyUse::Signature);
    let agrees = named.is_none_or(|named| named == format!("{algorithm:?}"));
    let id = jwk.common.key_id.clone().filter(|id| (1..=128).contains(&id.len()))?;
    let key = DecodingKey::from_jwk(jwk).ok()?;
    (is_for_signatures && agrees).then_some(ClientKey { id, algorithm, key })
}

/// Whether a modulus, base64url, has 2,048 to 4,096 bits.
fn is_long(modulus: &str) -> bool {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(modulus.as_bytes()).unwrap_or_default();
    let bits = match bytes.iter().position(|byte| *byte != 0) {
        Some(first) => (bytes.len() - first) * 8 - bytes.get(first).map_or(0, |byte| byte.leading_zeros() as usize),
        None => 0,
    };
    (2_048..=4_096).contains(&bits)
}

/// Where the program has chosen no cryptography for tokens, this is it.
fn provide() {
    if CryptoProvider::try_get_default().is_none() {
        // Another thread may have been quicker.
        let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    }
}

/// RFC 7518 §6: what only private and symmetric keys have.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    fn refused(json: &str) -> ClientKeysError {
        read(json).map(|_| ()).unwrap_err()
    }

    fn ec(more: &str) -> String {
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}"{more}}}"#)
    }

    #[test]
    fn keys_are_public_named_and_strong() {
        let keys = read(&format!(r#"{{"keys":[{}]}}"#, ec(r#","kid":"a","alg":"ES256""#))).unwrap();
        assert!(keys.len() == 1 && keys[0].id == "a" && keys[0].algorithm == Algorithm::ES256);
        let set = |keys: &str| format!(r#"{{"keys":[{keys}]}}"#);
        assert_eq!(refused("{}"), ClientKeysError::Malformed);
        assert_eq!(refused(&set("")), ClientKeysError::Count);
        assert_eq!(refused(&set(&vec![ec(r#","kid":"a""#); 9].join(","))), ClientKeysError::Count);
        assert_eq!(refused(&set(&ec(""))), ClientKeysError::Key(0));
        assert_eq!(refused(&set(&ec(r#","kid":"a","alg":"ES384""#))), ClientKeysError::Key(0));
        assert_eq!(refused(&set(&ec(r#","kid":"a","use":"enc""#))), ClientKeysError::Key(0));
        assert_eq!(refused(&set(&vec![ec(r#","kid":"a""#); 2].join(","))), ClientKeysError::Key(1));
        assert_eq!(refused(&set(&ec(r#","kid":"a","d":"AA""#))), ClientKeysError::Private);
        assert_eq!(refused(&set(r#"{"kty":"oct","k":"AA","kid":"a"}"#)), ClientKeysError::Private);
        let short = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB","kid":"a"}}"#, "_".repeat(171));
        assert_eq!(refused(&set(&short)), ClientKeysError::Key(0));
    }
}
