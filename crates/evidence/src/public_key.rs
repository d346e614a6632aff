use ciborium::Value;

use crate::{
    cbor::{self, Members},
    key::{Curve, Key, Scheme},
};

/// A passkey's public key, as it stands in attested credential data: a `COSE_Key` (RFC 9052 §7) of one of the algorithms
/// ES256, ES384, ES512, EdDSA with Ed25519, RS256 and PS256.
///
/// Ed448 (-53, RFC 9864) is refused by its name: no library here has it, and the only one that does in Rust, `ed448-goldilocks`,
/// says of itself that nobody audited it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialKey {
    cose: Vec<u8>,
    algorithm: i64,
    scheme: Scheme,
    pub(crate) key: Key,
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
            (EC2, ES256) => point(&mut members, Curve::P256, 1),
            (EC2, ES384) => point(&mut members, Curve::P384, 2),
            (EC2, ES512) => point(&mut members, Curve::P521, 3),
            (OKP, EDDSA) => okp(&mut members),
            (RSA, RS256 | PS256) => rsa(&mut members),
            (_, ES256 | ES384 | ES512 | EDDSA | RS256 | PS256) => None,
            (_, other) => return Err(CredentialKeyError::Algorithm(other)),
        };
        let key = key.ok_or_else(malformed)?;
        members.end().ok_or_else(malformed)?;
        let scheme = Scheme::of_cose(algorithm).ok_or(CredentialKeyError::Algorithm(algorithm))?;
        Ok(Self { cose: cose.to_vec(), algorithm, scheme, key })
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
        self.key.signed(self.scheme, message, signature)
    }
}

fn point(members: &mut Members, curve: Curve, id: i64) -> Option<Key> {
    if members.take(&Value::from(-1)).and_then(whole)? != id {
        return None;
    }
    let x = members.take(&Value::from(-2))?.into_bytes().ok()?;
    let y = members.take(&Value::from(-3))?.into_bytes().ok()?;
    Key::of_coordinates(curve, &x, &y)
}

fn okp(members: &mut Members) -> Option<Key> {
    const ED25519_CURVE: i64 = 6;
    if members.take(&Value::from(-1)).and_then(whole)? != ED25519_CURVE {
        return None;
    }
    let point = members.take(&Value::from(-2))?.into_bytes().ok()?;
    (point.len() == 32).then_some(Key::Ed25519(point))
}

fn rsa(members: &mut Members) -> Option<Key> {
    let modulus = members.take(&Value::from(-1))?.into_bytes().ok()?;
    let exponent = members.take(&Value::from(-2))?.into_bytes().ok()?;
    Some(Key::Rsa { modulus, exponent })
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
const ES512: i64 = -36;
const PS256: i64 = -37;
const RS256: i64 = -257;
