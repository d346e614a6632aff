use std::fmt;

use ciborium::Value;
use coset::{AsCborValue, CoseKey, KeyType, Label, iana};
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::ToSec1Point;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{KeyAgreementError, PinProtocol, SharedSecret};
use crate::cbor;

/// One side's P-256 key pair. An authenticator draws it at power-up and never stores it.
///
/// The scalar is zeroized on drop; `Debug` prints nothing.
pub struct KeyAgreement(p256::SecretKey);

impl KeyAgreement {
    /// A fresh key pair.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        KeyAgreement(p256::SecretKey::generate_from_rng(rng))
    }

    /// The public key as both sides exchange it: COSE map `{1: 2, 3: -25, -1: 1, -2: x, -3: y}`.
    pub fn public_key(&self) -> Value {
        let point = self.0.public_key().to_sec1_point(false);
        let (x, y) = point.as_bytes().get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
        cbor::integer_map([
            (1, Value::from(2)),
            (3, Value::from(-25)),
            (-1, Value::from(1)),
            (-2, Value::from(x.to_vec())),
            (-3, Value::from(y.to_vec())),
        ])
    }

    /// The secret shared with the owner of the peer's public key; both sides derive the same.
    ///
    /// # Errors
    /// [`KeyAgreementError::InvalidPeerKey`] if the COSE map is not as in [`Self::public_key`], or
    /// its point is not on the curve.
    pub fn agree(&self, protocol: PinProtocol, peer: Value) -> Result<SharedSecret, KeyAgreementError> {
        let peer = point_of(peer).ok_or(KeyAgreementError::InvalidPeerKey)?;
        let shared = self.0.diffie_hellman(&peer);
        let mut x = Zeroizing::new([0; 32]);
        x.copy_from_slice(shared.raw_secret_bytes());
        Ok(SharedSecret::derive(protocol, &x))
    }
}

#[cfg(test)]
impl KeyAgreement {
    pub(crate) fn from_scalar(scalar: &[u8]) -> Self {
        KeyAgreement(p256::SecretKey::from_slice(scalar).unwrap())
    }
}

impl fmt::Debug for KeyAgreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyAgreement(..)")
    }
}

fn point_of(peer: Value) -> Option<p256::PublicKey> {
    let key = CoseKey::from_cbor_value(peer).ok()?;
    let parameter = |name: iana::Ec2KeyParameter| {
        let label = Label::Int(name as i64);
        key.params.iter().find(|(held, _)| *held == label).map(|(_, value)| value)
    };
    let is_p256 = key.kty == KeyType::Assigned(iana::KeyType::EC2)
        && key.alg == Some(coset::Algorithm::Assigned(iana::Algorithm::ECDH_ES_HKDF_256))
        && parameter(iana::Ec2KeyParameter::Crv)? == &Value::from(iana::EllipticCurve::P_256 as i64);
    let x = parameter(iana::Ec2KeyParameter::X)?.as_bytes()?;
    let y = parameter(iana::Ec2KeyParameter::Y)?.as_bytes()?;
    if !is_p256 || x.len() != 32 || y.len() != 32 {
        return None;
    }
    p256::PublicKey::from_sec1_bytes(&[&[0x04], x.as_slice(), y].concat()).ok()
}
