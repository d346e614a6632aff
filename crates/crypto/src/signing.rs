//! Namespaced signatures over exact bytes: Ed25519 (RFC 8032), and ES256 (ECDSA P-256 with SHA-256, low S) where a
//! platform keystore holds the key.

use curve25519_dalek::edwards::CompressedEdwardsY;
use keyfold_wire::v1::{SignatureAlgorithm, Signed};
use p256::elliptic_curve::sec1::ToSec1Point;
use rand_core::CryptoRng;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    UnparsedPublicKey,
};
use zeroize::Zeroizing;

use crate::{
    Unopenable,
    exact::{self, Malformed},
    namespace::Signable,
};

/// How a member signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// Public key 32 bytes.
    Ed25519,
    /// Public key 65 bytes: SEC 1, uncompressed.
    Es256,
}

/// The private half. Prints nothing; ring keeps the expanded key, the seed is zeroized when dropped.
pub struct SigningKey {
    secret: Zeroizing<[u8; 32]>,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
}

/// The public half, checked to be a point of its algorithm's curve.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VerifyingKey {
    algorithm: SigningAlgorithm,
    bytes: Vec<u8>,
}

/// 64 bytes: Ed25519 as in RFC 8032, ES256 as r ‖ s.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

/// Why a signed message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signature is not this key's over these bytes in this namespace, or it is a mauled form of one.
    #[error("the signature does not verify")]
    Invalid,
    /// The signed bytes are not the canonical form of the message.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// A public key is not of its algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key of this algorithm")]
pub struct NotAKey;

/// Verifies the signature, then decodes the message.
///
/// # Errors
/// [`SignatureError::Invalid`] before anything of the bytes is looked at; [`SignatureError::Malformed`] after.
pub fn verify<M: Signable>(key: &VerifyingKey, signed: &Signed) -> Result<M, SignatureError> {
    if signed.body.len() > M::MAX_LEN {
        return Err(Malformed::TooLong { limit: M::MAX_LEN }.into());
    }
    verify_bytes::<M>(key, &signed.body, &signed.signature)?;
    Ok(exact::decode(&signed.body, M::MAX_LEN)?)
}

/// Verifies the signature over a message's bytes.
///
/// # Errors
/// [`SignatureError::Invalid`].
pub fn verify_bytes<M: Signable>(key: &VerifyingKey, body: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let signature = Signature::try_from(signature)?;
    key.verify(&M::NAMESPACE.input(&[body]), &signature)
}

impl SigningKey {
    /// Draws a new key.
    pub fn generate(algorithm: SigningAlgorithm, rng: &mut impl CryptoRng) -> Self {
        loop {
            // A P-256 scalar is out of range once in 2^32 draws; every Ed25519 seed is a key.
            let secret = Zeroizing::new(crate::random::bytes(rng));
            if let Ok(key) = Self::from_secret(algorithm, &secret) {
                return key;
            }
        }
    }

    /// The key of an Ed25519 seed or a P-256 scalar (big-endian), 32 bytes.
    ///
    /// # Errors
    /// A scalar that is zero or not less than the group's order.
    pub fn from_secret(algorithm: SigningAlgorithm, secret: &[u8; 32]) -> Result<Self, Unopenable> {
        let pair = match algorithm {
            SigningAlgorithm::Ed25519 => {
                Pair::Ed25519(Ed25519KeyPair::from_seed_unchecked(secret).map_err(|_| Unopenable)?)
            }
            SigningAlgorithm::Es256 => {
                let scalar = p256::SecretKey::from_slice(secret).map_err(|_| Unopenable)?;
                let public = scalar.public_key().to_sec1_point(false);
                let pair = EcdsaKeyPair::from_private_key_and_public_key(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    secret,
                    public.as_bytes(),
                    &ring::rand::SystemRandom::new(),
                );
                Pair::Es256(pair.map_err(|_| Unopenable)?)
            }
        };
        Ok(Self { secret: Zeroizing::new(*secret), pair })
    }

    /// Encodes the message once and signs those bytes: they are the message from here on.
    pub fn sign<M: Signable>(&self, message: &M) -> Signed {
        let body = message.encode_to_vec();
        let signature = self.sign_bytes::<M>(&body);
        Signed { body, signature: signature.0.to_vec() }
    }

    /// Signs a message's bytes.
    #[must_use]
    pub fn sign_bytes<M: Signable>(&self, body: &[u8]) -> Signature {
        let input = M::NAMESPACE.input(&[body]);
        match &self.pair {
            Pair::Ed25519(pair) => Signature::from_ring(&pair.sign(&input)),
            Pair::Es256(pair) => sign_es256(pair, &input),
        }
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        match &self.pair {
            Pair::Ed25519(pair) => {
                VerifyingKey { algorithm: SigningAlgorithm::Ed25519, bytes: pair.public_key().as_ref().to_vec() }
            }
            Pair::Es256(pair) => {
                VerifyingKey { algorithm: SigningAlgorithm::Es256, bytes: pair.public_key().as_ref().to_vec() }
            }
        }
    }

    /// How this key signs.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        match self.pair {
            Pair::Ed25519(_) => SigningAlgorithm::Ed25519,
            Pair::Es256(_) => SigningAlgorithm::Es256,
        }
    }

    /// The seed or scalar, for sealing only.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.secret
    }
}

#[expect(clippy::expect_used, reason = "ring fails to sign only where the operating system gives no randomness")]
fn sign_es256(pair: &EcdsaKeyPair, input: &[u8]) -> Signature {
    let signature = pair.sign(&ring::rand::SystemRandom::new(), input).expect("the system gives randomness");
    let signature = Signature::from_ring(&signature);
    p256::ecdsa::Signature::from_slice(&signature.0)
        .map_or(signature, |signature| Signature(signature.normalize_s().to_bytes().into()))
}

impl VerifyingKey {
    /// Checks that a public key is a point of its curve, and for Ed25519 also that it is in the subgroup of prime order,
    /// not zero, and in its one encoding.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn new(algorithm: SigningAlgorithm, bytes: &[u8]) -> Result<Self, NotAKey> {
        let fits = match algorithm {
            SigningAlgorithm::Ed25519 => is_ed25519_key(bytes),
            SigningAlgorithm::Es256 => bytes.len() == 65 && p256::PublicKey::from_sec1_bytes(bytes).is_ok(),
        };
        if fits { Ok(Self { algorithm, bytes: bytes.to_vec() }) } else { Err(NotAKey) }
    }

    /// How this key signs.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Ed25519: 32 bytes. ES256: 65 bytes, uncompressed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn verify(&self, input: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let key: UnparsedPublicKey<&[u8]> = match self.algorithm {
            SigningAlgorithm::Ed25519 => UnparsedPublicKey::new(&ED25519, &self.bytes),
            SigningAlgorithm::Es256 => {
                signature.require_low_s()?;
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.bytes)
            }
        };
        key.verify(input, &signature.0).map_err(|_| SignatureError::Invalid)
    }
}

/// ring verifies under any 32 bytes. Under a point of small order anybody can sign, so whose key it is could deny what it
/// signed. Under a point with a part of small order a signature may hold for ring and not for another implementation.
fn is_ed25519_key(bytes: &[u8]) -> bool {
    let point = CompressedEdwardsY::from_slice(bytes).ok().and_then(|bytes| bytes.decompress());
    point
        .is_some_and(|point| !point.is_small_order() && point.is_torsion_free() && point.compress().as_bytes() == bytes)
}

impl Signature {
    /// The 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    fn from_ring(signature: &ring::signature::Signature) -> Self {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(signature.as_ref());
        Self(bytes)
    }

    /// ring accepts both s and n − s; only the lower is a signature here, so that nobody can make a second one.
    fn require_low_s(&self) -> Result<(), SignatureError> {
        let signature = p256::ecdsa::Signature::from_slice(&self.0).map_err(|_| SignatureError::Invalid)?;
        if signature.normalize_s() == signature { Ok(()) } else { Err(SignatureError::Invalid) }
    }
}

impl TryFrom<&[u8]> for Signature {
    type Error = SignatureError;

    fn try_from(bytes: &[u8]) -> Result<Self, SignatureError> {
        bytes.try_into().map(Self).map_err(|_| SignatureError::Invalid)
    }
}

impl From<SigningAlgorithm> for SignatureAlgorithm {
    fn from(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::Ed25519 => Self::Ed25519,
            SigningAlgorithm::Es256 => Self::Es256,
        }
    }
}

impl TryFrom<i32> for SigningAlgorithm {
    type Error = NotAKey;

    fn try_from(number: i32) -> Result<Self, NotAKey> {
        match SignatureAlgorithm::try_from(number) {
            Ok(SignatureAlgorithm::Ed25519) => Ok(Self::Ed25519),
            Ok(SignatureAlgorithm::Es256) => Ok(Self::Es256),
            _ => Err(NotAKey),
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}

#[cfg(test)]
mod known_answers;
