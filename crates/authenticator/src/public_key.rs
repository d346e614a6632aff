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
}

impl PublicKey {
    pub(crate) fn from_p256(key: &p256::PublicKey) -> Option<Self> {
        // Uncompressed SEC1: 0x04 ‖ x ‖ y.
        let point = key.to_sec1_point(false);
        let (x, y) = point.as_bytes().strip_prefix(&[0x04])?.split_at_checked(32)?;
        Some(PublicKey::Es256 { x: x.try_into().ok()?, y: y.try_into().ok()? })
    }

    /// The algorithm that it verifies.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            PublicKey::Es256 { .. } => Algorithm::Es256,
            PublicKey::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// The COSE_Key in CTAP2 canonical CBOR, as attested credential data holds it
    /// (WebAuthn §6.5.1.1): 77 bytes for ES256, 42 bytes for EdDSA.
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
        }
    }

    /// The SubjectPublicKeyInfo in DER: RFC 5480 for ES256 (91 bytes), RFC 8410 for EdDSA (44 bytes).
    pub fn to_spki(&self) -> Vec<u8> {
        let prefix = match self {
            PublicKey::Es256 { .. } => ES256_SPKI_PREFIX.as_slice(),
            PublicKey::EdDsa(_) => &ED25519_SPKI_PREFIX,
        };
        [prefix, &self.to_point()].concat()
    }

    /// The raw key as signature libraries take it: the uncompressed SEC1 point (65 bytes) or the
    /// 32 bytes of Ed25519.
    pub fn to_point(&self) -> Vec<u8> {
        match self {
            PublicKey::Es256 { x, y } => [[0x04].as_slice(), x, y].concat(),
            PublicKey::EdDsa(key) => key.to_vec(),
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
    fn spki_form_is_read_by_another_library() {
        let read = p256::PublicKey::from_public_key_der(&es256().to_spki()).unwrap();
        assert_eq!(PublicKey::from_p256(&read), Some(es256()));
        assert_eq!(PublicKey::EdDsa([9; 32]).to_spki().len(), 44);
    }
}
