use std::fmt;

use rand_core::CryptoRng;
use ring::hmac;
use zeroize::Zeroizing;

/// The 32-byte key of one pseudo-random function that a passkey carries (CTAP 2.1 §12.5).
///
/// Zeroized on drop; `Debug` prints nothing.
#[derive(Clone)]
pub struct CredRandom(Box<Zeroizing<[u8; 32]>>);

impl CredRandom {
    /// 32 fresh random bytes.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        rng.fill_bytes(bytes.as_mut_slice());
        CredRandom(bytes)
    }

    /// Takes over a key that was stored.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        CredRandom(Box::new(Zeroizing::new(*bytes)))
    }

    /// The key itself, to seal it for storage.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 of a 32-byte salt.
    pub(crate) fn evaluate(&self, salt: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        let tag = hmac::sign(&key, salt);
        let mut output = Zeroizing::new([0; 32]);
        output.copy_from_slice(tag.as_ref());
        output
    }
}

/// AES-256-GCM key of a passkey's entry in the large-blob array. Zeroized on drop; `Debug` prints nothing.
#[derive(Clone)]
pub struct LargeBlobKey(Box<Zeroizing<[u8; 32]>>);

impl LargeBlobKey {
    /// HKDF-Expand (RFC 5869 §2.3) to 32 bytes: one HMAC.
    pub(crate) fn of(key: &CredRandom) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.0.as_slice());
        let tag = hmac::sign(&key, b"keyfold/large-blob-key/1\x01");
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        bytes.copy_from_slice(tag.as_ref());
        LargeBlobKey(bytes)
    }

    /// The key itself, for a platform that asked for it.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for LargeBlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LargeBlobKey(..)")
    }
}

impl fmt::Debug for CredRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredRandom(..)")
    }
}
