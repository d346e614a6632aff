//! A TPM's endorsement key: by its maker's certificate that of a real TPM, and only to decrypt. So an attestation key is shown to be in
//! the same TPM by a credential that is encrypted for both (Part 1, §24; `TPM2_MakeCredential`, `TPM2_ActivateCredential`).

use aws_lc_rs::{
    agreement::{self, ECDH_P256, ECDH_P384, PrivateKey},
    cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    hmac,
    iv::FixedLength,
    rand,
    rsa::{
        OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepPublicEncryptingKey,
        PublicEncryptingKey,
    },
};
use x509_cert::{
    der::{Decode, asn1::ObjectIdentifier},
    ext::pkix::ExtendedKeyUsage,
};
use zeroize::Zeroizing;

use super::tpm_quote::AttestationKey;
use crate::{
    UnixMillis,
    key::{Curve, Hash, Key},
    roots::{Path, PathError, Purpose, Roots, spki},
    tpm::{Public, Symmetric},
};

/// The endorsement key of a TPM that its maker vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endorsement {
    public: Public,
    spki: Vec<u8>,
    root: [u8; 32],
}

/// What `TPM2_ActivateCredential` is given. Whoever tells the secret of it has both keys in one TPM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// `TPM2B_ID_OBJECT`.
    pub blob: Vec<u8>,
    /// `TPM2B_ENCRYPTED_SECRET`.
    pub secret: Vec<u8>,
}

/// Why an endorsement key is refused, or no credential can be made for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndorsementError {
    /// The path to a root is refused.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It is no certificate of an endorsement key.
    #[error("it is no certificate of an endorsement key")]
    Certificate,
    /// The public area is none of an endorsement key, or of another than the certificate's.
    #[error("it is another key, or no endorsement key")]
    Key,
    /// The secret has no bytes, or more than a hash of the endorsement key's.
    #[error("the secret is too short or too long")]
    Secret,
    /// Encryption failed.
    #[error("the credential cannot be encrypted")]
    Encryption,
}

impl Endorsement {
    /// Verifies an endorsement key (`TPMT_PUBLIC`) by its chain of certificates (DER, its own first).
    ///
    /// # Errors
    /// [`EndorsementError`].
    pub fn verify(public: &[u8], chain: &[Vec<u8>], roots: &Roots, now: UnixMillis) -> Result<Self, EndorsementError> {
        let path = Path::parse(chain)?;
        let root = path.verify(roots, now, Purpose::Tpm)?;
        let usage = path.leaf.extension(USAGE);
        let usage = usage.and_then(|usage| ExtendedKeyUsage::from_der(usage.extn_value.as_bytes()).ok());
        let is_of_ek = usage.is_some_and(|usage| usage.0.contains(&EK_CERTIFICATE)) && path.leaf.is_end();
        if !is_of_ek || !crate::attestation::names_a_tpm(&path.leaf) {
            return Err(EndorsementError::Certificate);
        }
        let stores = |public: &Public| public.attributes.stores() && public.attributes.is_of_this_tpm();
        let public = Public::parse(public).filter(stores).ok_or(EndorsementError::Key)?;
        if path.leaf.key.as_ref() != Some(&public.key) {
            return Err(EndorsementError::Key);
        }
        let spki = spki(&path.leaf).ok_or(EndorsementError::Certificate)?;
        Ok(Self { public, spki, root })
    }

    /// SHA-256 of the root that the path leads to.
    #[must_use]
    pub const fn root(&self) -> &[u8; 32] {
        &self.root
    }

    /// Encrypts a secret, at most as long as a hash, so that only this TPM tells it, and only if it holds that attestation key.
    ///
    /// # Errors
    /// [`EndorsementError`].
    pub fn credential(&self, key: &AttestationKey, secret: &[u8]) -> Result<Credential, EndorsementError> {
        let hash = self.public.name_hash;
        let Symmetric { bits } = self.public.symmetric.ok_or(EndorsementError::Key)?;
        if secret.is_empty() || secret.len() > hash.length() {
            return Err(EndorsementError::Secret);
        }
        let (seed, encrypted_seed) = self.seed()?;
        let name = &key.public.name;
        let mut identity = sized(secret)?;
        encrypt(&kdf_a(hash, &seed, b"STORAGE\0", name, bits)?, &mut identity)?;
        let integrity = kdf_a(hash, &seed, b"INTEGRITY\0", &[], hash.bits())?;
        let integrity = hmac::sign(&hmac::Key::new(hmac_of(hash), &integrity), &[identity.as_slice(), name].concat());
        let blob = [sized(integrity.as_ref())?, identity].concat();
        Ok(Credential { blob: sized(&blob)?, secret: sized(&encrypted_seed)? })
    }

    /// A new seed (Part 1, §B.10.3, §C.6.1), and that for this key alone.
    fn seed(&self) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), EndorsementError> {
        let hash = self.public.name_hash;
        let failed = |_| EndorsementError::Encryption;
        match &self.public.key {
            Key::Rsa { .. } => {
                let mut seed = Zeroizing::new(vec![0; hash.length()]);
                rand::fill(&mut seed).map_err(failed)?;
                let key = PublicEncryptingKey::from_der(&self.spki).map_err(|_| EndorsementError::Key)?;
                let key = OaepPublicEncryptingKey::new(key).map_err(failed)?;
                let algorithm = match hash {
                    Hash::Sha256 => &OAEP_SHA256_MGF1SHA256,
                    Hash::Sha384 => &OAEP_SHA384_MGF1SHA384,
                    Hash::Sha512 => &OAEP_SHA512_MGF1SHA512,
                };
                let mut encrypted = vec![0; key.ciphertext_size()];
                let encrypted = key.encrypt(algorithm, &seed, &mut encrypted, Some(LABEL)).map_err(failed)?.to_vec();
                Ok((seed, encrypted))
            }
            Key::Ec(curve @ (Curve::P256 | Curve::P384), point) => {
                let algorithm = if *curve == Curve::P256 { &ECDH_P256 } else { &ECDH_P384 };
                let ephemeral = PrivateKey::generate(algorithm).map_err(failed)?;
                let public = ephemeral.compute_public_key().map_err(failed)?;
                let (x, y) = coordinates(public.as_ref(), *curve)?;
                let (of_key, _) = coordinates(point, *curve)?;
                let peer = agreement::UnparsedPublicKey::new(algorithm, point);
                let seed = agreement::agree(&ephemeral, peer, EndorsementError::Encryption, |shared| {
                    // KDFe (Part 1, §11.4.10.3): one round, since a seed is a hash long.
                    let message = Zeroizing::new([&[0, 0, 0, 1], shared, LABEL, x, of_key].concat());
                    Ok(Zeroizing::new(hash.of(&message)))
                })?;
                Ok((seed, [sized(x)?, sized(y)?].concat()))
            }
            Key::Ec(Curve::P521, _) | Key::Ed25519(_) => Err(EndorsementError::Key),
        }
    }
}

/// KDFa (Part 1, §11.4.10.2): one round, since no key here is longer than a hash.
fn kdf_a(
    hash: Hash,
    key: &[u8],
    label: &[u8],
    context: &[u8],
    bits: u16,
) -> Result<Zeroizing<Vec<u8>>, EndorsementError> {
    let message = [&[0, 0, 0, 1], label, context, &u32::from(bits).to_be_bytes()].concat();
    let derived = hmac::sign(&hmac::Key::new(hmac_of(hash), key), &message);
    let derived = derived.as_ref().get(..usize::from(bits / 8));
    Ok(Zeroizing::new(derived.ok_or(EndorsementError::Encryption)?.to_vec()))
}

/// AES in CFB mode from an initial vector of zeros, as each key encrypts once.
fn encrypt(key: &[u8], in_out: &mut [u8]) -> Result<(), EndorsementError> {
    let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
    let key = UnboundCipherKey::new(algorithm, key).and_then(EncryptingKey::cfb128);
    let zeros = EncryptionContext::Iv128(FixedLength::from([0; 16]));
    let encrypted = key.and_then(|key| key.less_safe_encrypt(in_out, zeros));
    encrypted.map(drop).map_err(|_| EndorsementError::Encryption)
}

fn hmac_of(hash: Hash) -> hmac::Algorithm {
    match hash {
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    }
}

/// Of an uncompressed point.
fn coordinates(point: &[u8], curve: Curve) -> Result<(&[u8], &[u8]), EndorsementError> {
    let both = point.strip_prefix(&[4]).filter(|both| both.len() == 2 * curve.length());
    both.and_then(|both| both.split_at_checked(curve.length())).ok_or(EndorsementError::Key)
}

/// A `TPM2B`.
fn sized(bytes: &[u8]) -> Result<Vec<u8>, EndorsementError> {
    let length = u16::try_from(bytes.len()).map_err(|_| EndorsementError::Encryption)?;
    Ok([length.to_be_bytes().as_slice(), bytes].concat())
}

const LABEL: &[u8] = b"IDENTITY\0";
const USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const EK_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.1");
