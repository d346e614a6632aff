use std::fmt;

use ml_dsa::{MlDsa44, signature::Keypair};
use rand_core::CryptoRng;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair,
};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{Algorithm, PublicKey};

/// The key that a passkey signs with, and its public key: a P-256 or P-384 scalar (32 or 48 bytes, big-endian), or the
/// 32-byte seed of Ed25519 (RFC 8032) or ML-DSA-44 (FIPS 204).
///
/// Zeroized on drop; `Debug` prints nothing.
#[derive(Clone)]
pub struct PrivateKey {
    bytes: Zeroizing<Vec<u8>>,
    public_key: PublicKey,
}

impl PrivateKey {
    /// A fresh key.
    ///
    /// # Errors
    /// Only if the source of randomness is broken and never yields a valid scalar.
    pub fn generate(algorithm: Algorithm, rng: &mut impl CryptoRng) -> Result<Self, InvalidPrivateKey> {
        let mut bytes = Zeroizing::new(vec![0; algorithm.private_key_length()]);
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
    /// If there are not [`Algorithm::private_key_length`] bytes; for ES256 and ES384 also if they are not a scalar between 1
    /// and the group's order less one.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, InvalidPrivateKey> {
        if bytes.len() != algorithm.private_key_length() {
            return Err(InvalidPrivateKey);
        }
        let bytes = Zeroizing::new(bytes.to_vec());
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
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Signs a message: DER for ES256 and ES384 (with a random nonce), 64 bytes for EdDSA, 2,420 bytes for ML-DSA-44
    /// (hedged, FIPS 204 §3.4).
    pub(crate) fn sign(&self, message: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, InvalidPrivateKey> {
        match self.algorithm() {
            Algorithm::Es256 => self.sign_ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, message),
            Algorithm::Es384 => self.sign_ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, message),
            Algorithm::EdDsa => {
                let key_pair = Ed25519KeyPair::from_seed_unchecked(&self.bytes).map_err(|_| InvalidPrivateKey)?;
                Ok(key_pair.sign(message).as_ref().to_vec())
            }
            Algorithm::MlDsa44 => {
                let key = ml_dsa_44(&self.bytes)?;
                let signature = key.expanded_key().sign_randomized(message, &[], rng);
                Ok(signature.map_err(|_| InvalidPrivateKey)?.encode().to_vec())
            }
        }
    }

    fn sign_ecdsa(
        &self,
        algorithm: &'static EcdsaSigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, InvalidPrivateKey> {
        let rng = SystemRandom::new();
        let point = self.public_key.to_point();
        let key_pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &self.bytes, &point, &rng);
        let signature = key_pair.map_err(|_| InvalidPrivateKey)?.sign(&rng, message).map_err(|_| InvalidPrivateKey)?;
        Ok(signature.as_ref().to_vec())
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

/// ring computes no public key from a scalar, so p256 and p384 do.
fn derive_public_key(algorithm: Algorithm, bytes: &[u8]) -> Result<PublicKey, InvalidPrivateKey> {
    match algorithm {
        Algorithm::Es256 => {
            let secret = p256::SecretKey::from_slice(bytes).map_err(|_| InvalidPrivateKey)?;
            PublicKey::from_p256(&secret.public_key()).ok_or(InvalidPrivateKey)
        }
        Algorithm::Es384 => {
            let secret = p384::SecretKey::from_slice(bytes).map_err(|_| InvalidPrivateKey)?;
            PublicKey::from_p384(&secret.public_key()).ok_or(InvalidPrivateKey)
        }
        Algorithm::EdDsa => {
            let key_pair = Ed25519KeyPair::from_seed_unchecked(bytes).map_err(|_| InvalidPrivateKey)?;
            let public_key = key_pair.public_key().as_ref().try_into().map_err(|_| InvalidPrivateKey)?;
            Ok(PublicKey::EdDsa(public_key))
        }
        Algorithm::MlDsa44 => Ok(PublicKey::from_ml_dsa_44(&ml_dsa_44(bytes)?.verifying_key())),
    }
}

fn ml_dsa_44(seed: &[u8]) -> Result<ml_dsa::SigningKey<MlDsa44>, InvalidPrivateKey> {
    let seed = Zeroizing::new(ml_dsa::Seed::try_from(seed).map_err(|_| InvalidPrivateKey)?);
    Ok(ml_dsa::SigningKey::from_seed(&seed))
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
        assert!(PrivateKey::from_bytes(Algorithm::Es384, &[0; 48]).is_err());
        assert!(PrivateKey::from_bytes(Algorithm::Es384, &[0xff; 48]).is_err());
        assert!(PrivateKey::from_bytes(Algorithm::EdDsa, &[0xff; 32]).is_ok());
        assert!(PrivateKey::from_bytes(Algorithm::MlDsa44, &[0xff; 32]).is_ok());
    }

    #[test]
    fn keys_of_another_length_are_refused() {
        for algorithm in Algorithm::ALL {
            for length in [0, 31, 32, 33, 47, 48, 49] {
                let is_read = PrivateKey::from_bytes(algorithm, &vec![7; length]).is_ok();
                assert_eq!(is_read, length == algorithm.private_key_length(), "{algorithm:?} {length}");
            }
        }
    }

    #[test]
    fn each_algorithm_signs_what_its_public_key_verifies() {
        use ring::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, UnparsedPublicKey};
        for algorithm in Algorithm::ALL {
            let key = PrivateKey::generate(algorithm, &mut Script::endless()).unwrap();
            let signature = key.sign(b"message", &mut Script::endless()).unwrap();
            let point = key.public_key().to_point();
            let verifies = |message: &[u8]| match algorithm {
                Algorithm::Es256 => {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point).verify(message, &signature).is_ok()
                }
                Algorithm::Es384 => {
                    UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, &point).verify(message, &signature).is_ok()
                }
                Algorithm::EdDsa => UnparsedPublicKey::new(&ED25519, &point).verify(message, &signature).is_ok(),
                Algorithm::MlDsa44 => {
                    let encoded = point.as_slice().try_into().unwrap();
                    let signature = signature.as_slice().try_into().unwrap();
                    ml_dsa::VerifyingKey::<MlDsa44>::decode(&encoded).verify_with_context(message, &[], &signature)
                }
            };
            assert!(verifies(b"message"), "{algorithm:?}");
            assert!(!verifies(b"massage"), "{algorithm:?}");
        }
    }

    #[test]
    fn generation_draws_again_after_a_number_outside_the_field() {
        let mut rng = Script::of(&[&[0xff; 32], &[1; 32]]);
        let key = PrivateKey::generate(Algorithm::Es256, &mut rng).unwrap();
        assert_eq!(key.expose(), [1; 32]);
    }

    #[test]
    fn broken_randomness_is_an_error_and_no_endless_loop() {
        let mut rng = Script::of(&[&[0; 32]; 8]);
        assert!(PrivateKey::generate(Algorithm::Es256, &mut rng).is_err());
    }
}
