use ml_dsa::MlDsa44;
use p256::elliptic_curve::sec1::ToSec1Point;

use crate::Algorithm;

/// A passkey's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// A point on P-256: two 32-byte big-endian coordinates.
    Es256 {
        /// The x coordinate.
        x: [u8; 32],
        /// The y coordinate.
        y: [u8; 32],
    },
    /// An Ed25519 public key: 32 bytes (RFC 8032).
    EdDsa([u8; 32]),
    /// A point on P-384: two 48-byte big-endian coordinates.
    Es384 {
        /// The x coordinate.
        x: [u8; 48],
        /// The y coordinate.
        y: [u8; 48],
    },
    /// An ML-DSA-44 public key: 1,312 bytes (FIPS 204).
    MlDsa44(Box<[u8; 1312]>),
}

impl PublicKey {
    pub(crate) fn from_p256(key: &p256::PublicKey) -> Option<Self> {
        // Uncompressed SEC1: 0x04 ‖ x ‖ y.
        let point = key.to_sec1_point(false);
        let (x, y) = point.as_bytes().strip_prefix(&[0x04])?.split_at_checked(32)?;
        Some(PublicKey::Es256 { x: x.try_into().ok()?, y: y.try_into().ok()? })
    }

    pub(crate) fn from_p384(key: &p384::PublicKey) -> Option<Self> {
        let point = key.to_sec1_point(false);
        let (x, y) = point.as_bytes().strip_prefix(&[0x04])?.split_at_checked(48)?;
        Some(PublicKey::Es384 { x: x.try_into().ok()?, y: y.try_into().ok()? })
    }

    pub(crate) fn from_ml_dsa_44(key: &ml_dsa::VerifyingKey<MlDsa44>) -> Self {
        PublicKey::MlDsa44(Box::new(key.encode().into()))
    }

    /// The algorithm that it verifies.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            PublicKey::Es256 { .. } => Algorithm::Es256,
            PublicKey::EdDsa(_) => Algorithm::EdDsa,
            PublicKey::Es384 { .. } => Algorithm::Es384,
            PublicKey::MlDsa44(_) => Algorithm::MlDsa44,
        }
    }

    /// The COSE_Key in CTAP2 canonical CBOR, as attested credential data holds it
    /// (WebAuthn §6.5.1.1): 77 bytes for ES256, 42 for EdDSA, 110 for ES384, 1,322 for ML-DSA-44.
    pub fn to_cose(&self) -> Vec<u8> {
        match self {
            // {1: 2 (EC2), 3: -7, -1: 1 (P-256), -2: x, -3: y}
            PublicKey::Es256 { x, y } => {
                let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
                [&head, [0x21, 0x58, 0x20].as_slice(), x, &[0x22, 0x58, 0x20], y].concat()
            }
            // {1: 1 (OKP), 3: -8, -1: 6 (Ed25519), -2: key}
            PublicKey::EdDsa(key) => {
                let head = [0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06];
                [&head, [0x21, 0x58, 0x20].as_slice(), key].concat()
            }
            // {1: 2 (EC2), 3: -35, -1: 2 (P-384), -2: x, -3: y}
            PublicKey::Es384 { x, y } => {
                let head = [0xa5, 0x01, 0x02, 0x03, 0x38, 0x22, 0x20, 0x02];
                [&head, [0x21, 0x58, 0x30].as_slice(), x, &[0x22, 0x58, 0x30], y].concat()
            }
            // {1: 7 (AKP), 3: -48, -1: key}
            PublicKey::MlDsa44(key) => {
                let head = [0xa3, 0x01, 0x07, 0x03, 0x38, 0x2f, 0x20, 0x59, 0x05, 0x20];
                [head.as_slice(), key.as_slice()].concat()
            }
        }
    }

    /// The SubjectPublicKeyInfo in DER: RFC 5480 for ES256 and ES384 (91 and 120 bytes), RFC 8410 for EdDSA (44 bytes),
    /// RFC 9881 for ML-DSA-44 (1,334 bytes).
    pub fn to_spki(&self) -> Vec<u8> {
        let prefix = match self {
            PublicKey::Es256 { .. } => ES256_SPKI_PREFIX.as_slice(),
            PublicKey::EdDsa(_) => &ED25519_SPKI_PREFIX,
            PublicKey::Es384 { .. } => &ES384_SPKI_PREFIX,
            PublicKey::MlDsa44(_) => &ML_DSA_44_SPKI_PREFIX,
        };
        [prefix, &self.to_point()].concat()
    }

    /// The raw key as signature libraries take it: the uncompressed SEC1 point (65 or 97 bytes), or the bytes of Ed25519 or
    /// ML-DSA-44.
    pub fn to_point(&self) -> Vec<u8> {
        match self {
            PublicKey::Es256 { x, y } => [[0x04].as_slice(), x, y].concat(),
            PublicKey::EdDsa(key) => key.to_vec(),
            PublicKey::Es384 { x, y } => [[0x04].as_slice(), x, y].concat(),
            PublicKey::MlDsa44(key) => key.to_vec(),
        }
    }
}

/// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 65 bytes }
const ES256_SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING of 32 bytes }
const ED25519_SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// SEQUENCE { SEQUENCE { id-ecPublicKey, secp384r1 }, BIT STRING of 97 bytes }
const ES384_SPKI_PREFIX: [u8; 23] = [
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
    0x22, 0x03, 0x62, 0x00,
];

/// SEQUENCE { SEQUENCE { id-ml-dsa-44 }, BIT STRING of 1,312 bytes }
const ML_DSA_44_SPKI_PREFIX: [u8; 22] = [
    0x30, 0x82, 0x05, 0x32, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11, 0x03, 0x82,
    0x05, 0x21, 0x00,
];

#[cfg(test)]
mod tests {
    use coset::{CborSerializable, CoseKey, CoseKeyBuilder, iana};
    use p256::pkcs8::DecodePublicKey;

    use super::*;
    use crate::PrivateKey;

    fn es256() -> PublicKey {
        PrivateKey::from_bytes(Algorithm::Es256, &[5; 32]).unwrap().public_key().clone()
    }

    #[test]
    fn cose_form_is_what_coset_writes() {
        let PublicKey::Es256 { x, y } = es256() else { unreachable!() };
        let key = CoseKeyBuilder::new_ec2_pub_key(iana::EllipticCurve::P_256, x.to_vec(), y.to_vec())
            .algorithm(iana::Algorithm::ES256)
            .build();
        assert_eq!(es256().to_cose(), key.to_vec().unwrap());

        let ed = PublicKey::EdDsa([9; 32]).to_cose();
        let parsed = CoseKey::from_slice(&ed).unwrap();
        assert_eq!(parsed.kty, coset::KeyType::Assigned(iana::KeyType::OKP));
        assert_eq!(parsed.to_vec().unwrap(), ed);
    }

    #[test]
    fn p384_and_ml_dsa_keys_are_what_coset_and_the_standards_say() {
        let key = PrivateKey::from_bytes(Algorithm::Es384, &[5; 48]).unwrap().public_key().clone();
        let PublicKey::Es384 { x, y } = &key else { unreachable!() };
        let cose = CoseKeyBuilder::new_ec2_pub_key(iana::EllipticCurve::P_384, x.to_vec(), y.to_vec())
            .algorithm(iana::Algorithm::ES384)
            .build();
        assert_eq!(key.to_cose(), cose.to_vec().unwrap());
        let read = p384::PublicKey::from_public_key_der(&key.to_spki()).unwrap();
        assert_eq!(PublicKey::from_p384(&read), Some(key));

        let key = PrivateKey::from_bytes(Algorithm::MlDsa44, &[5; 32]).unwrap().public_key().clone();
        assert_eq!((key.to_cose().len(), key.to_spki().len(), key.to_point().len()), (1_322, 1_334, 1_312));
        let read: ciborium::Value = ciborium::from_reader(key.to_cose().as_slice()).unwrap();
        assert_eq!(read, crate::cbor::integer_map([(1, 7.into()), (3, (-48).into()), (-1, key.to_point().into())]));
    }

    #[test]
    fn spki_form_is_read_by_another_library() {
        let read = p256::PublicKey::from_public_key_der(&es256().to_spki()).unwrap();
        assert_eq!(PublicKey::from_p256(&read), Some(es256()));
        assert_eq!(PublicKey::EdDsa([9; 32]).to_spki().len(), 44);
    }
}
