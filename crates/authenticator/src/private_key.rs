use std::fmt;

use rand_core::CryptoRng;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{Algorithm, PublicKey};

/// The key that a passkey signs with: a 32-byte P-256 scalar (big-endian) or Ed25519 seed
/// (RFC 8032), and its public key.
///
/// Zeroized on drop; `Debug` prints nothing.
#[derive(Clone)]
pub struct PrivateKey {
    bytes: Box<Zeroizing<[u8; 32]>>,
    public_key: PublicKey,
}

impl PrivateKey {
    /// A fresh key.
    ///
    /// # Errors
    /// Only if the source of randomness is broken and never yields a valid scalar.
    pub fn generate(algorithm: Algorithm, rng: &mut impl CryptoRng) -> Result<Self, InvalidPrivateKey> {
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        for _ in 0..MAX_DRAWS {
            rng.fill_bytes(bytes.as_mut_slice());
            if let Ok(public_key) = derive_public_key(algorithm, &bytes) {
                return Ok(PrivateKey { bytes, public_key });
            }
        }
        Err(InvalidPrivateKey)
    }

    /// Takes over a key that was stored.
    ///
    /// # Errors
    /// For ES256, if the bytes are not a scalar between 1 and the group's order less one.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8; 32]) -> Result<Self, InvalidPrivateKey> {
        let bytes = Box::new(Zeroizing::new(*bytes));
        let public_key = derive_public_key(algorithm, &bytes)?;
        Ok(PrivateKey { bytes, public_key })
    }

    /// The algorithm it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.public_key.algorithm()
    }

    /// The public key that verifies its signatures.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The scalar or seed itself, to seal it for storage.
    pub fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Signs a message: DER for ES256 (with a random nonce), 64 bytes for EdDSA.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, InvalidPrivateKey> {
        match &self.public_key {
            PublicKey::Es256 { .. } => {
                let rng = SystemRandom::new();
                let key_pair = EcdsaKeyPair::from_private_key_and_public_key(
                    &ECDSA_P256_SHA256_ASN1_SIGNING,
                    self.bytes.as_slice(),
                    &self.public_key.to_point(),
                    &rng,
                )
                .map_err(|_| InvalidPrivateKey)?;
                let signature = key_pair.sign(&rng, message).map_err(|_| InvalidPrivateKey)?;
                Ok(signature.as_ref().to_vec())
            }
            PublicKey::EdDsa(_) => {
                let key_pair =
                    Ed25519KeyPair::from_seed_unchecked(self.bytes.as_slice()).map_err(|_| InvalidPrivateKey)?;
                Ok(key_pair.sign(message).as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// The bytes are no private key of that algorithm, or ring refused to sign with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a usable private key")]
pub struct InvalidPrivateKey;

/// ring computes no P-256 public key from a scalar, so p256 does.
fn derive_public_key(algorithm: Algorithm, bytes: &[u8; 32]) -> Result<PublicKey, InvalidPrivateKey> {
    match algorithm {
        Algorithm::Es256 => {
            let secret = p256::SecretKey::from_slice(bytes).map_err(|_| InvalidPrivateKey)?;
            PublicKey::from_p256(&secret.public_key()).ok_or(InvalidPrivateKey)
        }
        Algorithm::EdDsa => {
            let key_pair = Ed25519KeyPair::from_seed_unchecked(bytes).map_err(|_| InvalidPrivateKey)?;
            let public_key = key_pair.public_key().as_ref().try_into().map_err(|_| InvalidPrivateKey)?;
            Ok(PublicKey::EdDsa(public_key))
        }
    }
}

/// A draw fails once in 2³²; this many failures in a row mean broken randomness.
const MAX_DRAWS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Script;

    #[test]
    fn numbers_outside_the_scalar_field_are_refused() {
        assert!(PrivateKey::from_bytes(Algorithm::Es256, &[0; 32]).is_err());
        assert!(PrivateKey::from_bytes(Algorithm::Es256, &[0xff; 32]).is_err());
        assert!(PrivateKey::from_bytes(Algorithm::EdDsa, &[0xff; 32]).is_ok());
    }

    #[test]
    fn generation_draws_again_after_a_number_outside_the_field() {
        let mut rng = Script::of(&[&[0xff; 32], &[1; 32]]);
        let key = PrivateKey::generate(Algorithm::Es256, &mut rng).unwrap();
        assert_eq!(key.expose(), &[1; 32]);
    }

    #[test]
    fn broken_randomness_is_an_error_and_no_endless_loop() {
        let mut rng = Script::of(&[&[0; 32]; 8]);
        assert!(PrivateKey::generate(Algorithm::Es256, &mut rng).is_err());
    }
}
