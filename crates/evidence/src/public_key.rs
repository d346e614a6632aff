use ciborium::Value;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::cbor::{self, Members};

/// A passkey's public key, as it stands in attested credential data: a `COSE_Key` (RFC 9052 §7) of one of the algorithms
/// ES256, ES384, EdDSA with Ed25519, RS256 and PS256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialKey {
    cose: Vec<u8>,
    algorithm: i64,
    key: Key,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    /// An uncompressed point (SEC 1), or Ed25519's 32 bytes.
    Point(Curve, Vec<u8>),
    Rsa {
        padding: Padding,
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    Ed25519,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Padding {
    Pkcs1,
    Pss,
}

/// Why a public key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialKeyError {
    /// It is no canonical `COSE_Key`, or not one of its algorithm.
    #[error("it is no public key in COSE's form")]
    Malformed,
    /// No signature of this COSE algorithm can be verified here.
    #[error("signatures of COSE algorithm {0} cannot be verified here")]
    Algorithm(i64),
}

impl CredentialKey {
    /// Reads a `COSE_Key` that is all of these bytes.
    ///
    /// # Errors
    /// [`CredentialKeyError`].
    pub fn parse(cose: &[u8]) -> Result<Self, CredentialKeyError> {
        if cose.len() > LONGEST {
            return Err(CredentialKeyError::Malformed);
        }
        let value = cbor::decode(cose).ok_or(CredentialKeyError::Malformed)?;
        Self::of(value, cose)
    }

    pub(crate) fn of(value: Value, cose: &[u8]) -> Result<Self, CredentialKeyError> {
        let malformed = || CredentialKeyError::Malformed;
        let mut members = Members::of(value).ok_or_else(malformed)?;
        let kind = members.number(1).and_then(whole).ok_or_else(malformed)?;
        let algorithm = members.number(3).and_then(whole).ok_or_else(malformed)?;
        let key = match (kind, algorithm) {
            (EC2, ES256) => point(&mut members, Curve::P256, 1, 32),
            (EC2, ES384) => point(&mut members, Curve::P384, 2, 48),
            (OKP, EDDSA) => okp(&mut members),
            (RSA, RS256) => rsa(&mut members, Padding::Pkcs1),
            (RSA, PS256) => rsa(&mut members, Padding::Pss),
            (_, ES256 | ES384 | EDDSA | RS256 | PS256) => None,
            (_, other) => return Err(CredentialKeyError::Algorithm(other)),
        };
        let key = key.ok_or_else(malformed)?;
        members.end().ok_or_else(malformed)?;
        Ok(Self { cose: cose.to_vec(), algorithm, key })
    }

    /// Its bytes as a `COSE_Key`.
    #[must_use]
    pub fn as_cose(&self) -> &[u8] {
        &self.cose
    }

    /// Its COSE algorithm: to be one of those that the relying party asked for.
    #[must_use]
    pub const fn algorithm(&self) -> i64 {
        self.algorithm
    }

    /// Whether the key signed a message, in the form that WebAuthn L3 §6.5.5 has for its algorithm.
    #[must_use]
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Key::Point(curve, point) => {
                let algorithm: &dyn VerificationAlgorithm = match curve {
                    Curve::P256 => &ECDSA_P256_SHA256_ASN1,
                    Curve::P384 => &ECDSA_P384_SHA384_ASN1,
                    Curve::Ed25519 => &ED25519,
                };
                UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
            }
            Key::Rsa { padding, modulus, exponent } => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                let algorithm = match padding {
                    Padding::Pkcs1 => &RSA_PKCS1_2048_8192_SHA256,
                    Padding::Pss => &RSA_PSS_2048_8192_SHA256,
                };
                key.verify(algorithm, message, signature).is_ok()
            }
        }
    }
}

fn point(members: &mut Members, curve: Curve, id: i64, length: usize) -> Option<Key> {
    if members.take(&Value::from(-1)).and_then(whole)? != id {
        return None;
    }
    let mut point = vec![4];
    for name in [-2, -3] {
        let coordinate = members.take(&Value::from(name))?.into_bytes().ok()?;
        point.extend_from_slice((coordinate.len() == length).then_some(&coordinate)?);
    }
    Some(Key::Point(curve, point))
}

fn okp(members: &mut Members) -> Option<Key> {
    const ED25519_CURVE: i64 = 6;
    if members.take(&Value::from(-1)).and_then(whole)? != ED25519_CURVE {
        return None;
    }
    let point = members.take(&Value::from(-2))?.into_bytes().ok()?;
    (point.len() == 32).then_some(Key::Point(Curve::Ed25519, point))
}

fn rsa(members: &mut Members, padding: Padding) -> Option<Key> {
    let modulus = members.take(&Value::from(-1))?.into_bytes().ok()?;
    let exponent = members.take(&Value::from(-2))?.into_bytes().ok()?;
    Some(Key::Rsa { padding, modulus, exponent })
}

fn whole(value: Value) -> Option<i64> {
    value.into_integer().ok()?.try_into().ok()
}

/// Of a key: RSA of 8,192 bits, and some.
const LONGEST: usize = 4 * 1_024;
// RFC 9053, RFC 8812, RFC 8230.
const OKP: i64 = 1;
const EC2: i64 = 2;
const RSA: i64 = 3;
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const ES384: i64 = -35;
const PS256: i64 = -37;
const RS256: i64 = -257;
