use hpke::{Deserializable, Serializable, aead::AesGcm256, kdf::HkdfSha256, kem::XWing};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{Unopenable, secret::secret, signing::NotAKey};

const ENCAPSULATED: usize = 1120;

secret!(
    /// A member's X-Wing seed (ML-KEM-768 and X25519): opens what is sealed to the member.
    WrappingKey,
    32
);

/// A member's X-Wing encapsulation key, 1,216 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappingPublicKey {
    key: <XWing as hpke::Kem>::PublicKey,
    bytes: Vec<u8>,
}

impl WrappingKey {
    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> WrappingPublicKey {
        let key = <XWing as hpke::Kem>::sk_to_pk(&self.hpke());
        let bytes = key.to_bytes().to_vec();
        WrappingPublicKey { key, bytes }
    }

    /// HPKE base mode (RFC 9180): X-Wing, HKDF-SHA256, AES-256-GCM, empty AAD.
    pub(crate) fn open(&self, info: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
        let (encapsulated, ciphertext) = sealed.split_at_checked(ENCAPSULATED).ok_or(Unopenable)?;
        let encapsulated = Deserializable::from_bytes(encapsulated).map_err(|_| Unopenable)?;
        hpke::single_shot_open::<AesGcm256, HkdfSha256, XWing>(
            &hpke::OpModeR::Base,
            &self.hpke(),
            &encapsulated,
            info,
            ciphertext,
            &[],
        )
        .map(Zeroizing::new)
        .map_err(|_| Unopenable)
    }

    #[expect(clippy::expect_used, reason = "every 32 bytes are an X-Wing seed")]
    fn hpke(&self) -> <XWing as hpke::Kem>::PrivateKey {
        Deserializable::from_bytes(self.expose()).expect("32 bytes")
    }
}

impl WrappingPublicKey {
    /// The 1,216 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `encapsulated key (1,120 bytes) ‖ ciphertext`.
    #[expect(clippy::expect_used, reason = "the key was checked when it was parsed, and the plaintext is 32 bytes")]
    pub(crate) fn seal(&self, info: &[u8], plaintext: &[u8; 32], rng: &mut impl CryptoRng) -> Vec<u8> {
        let (encapsulated, ciphertext) = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, XWing>(
            &hpke::OpModeS::Base,
            &self.key,
            info,
            plaintext,
            &[],
            rng,
        )
        .expect("X-Wing encapsulates to every checked key");
        let mut sealed = encapsulated.to_bytes().to_vec();
        sealed.extend_from_slice(&ciphertext);
        sealed
    }
}

impl TryFrom<&[u8]> for WrappingPublicKey {
    type Error = NotAKey;

    fn try_from(bytes: &[u8]) -> Result<Self, NotAKey> {
        let key = Deserializable::from_bytes(bytes).map_err(|_| NotAKey)?;
        Ok(Self { key, bytes: bytes.to_vec() })
    }
}

impl std::fmt::Debug for WrappingPublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WrappingPublicKey(1216 bytes)")
    }
}

#[cfg(test)]
mod known_answers;
