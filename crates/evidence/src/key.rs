//! Public keys as certificates, COSE and TPMs have them, and signatures by them. `ring` verifies all but ECDSA on P-521, which only
//! `aws-lc-rs` has of the libraries that are here for other reasons.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::{
    der::asn1::ObjectIdentifier,
    spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoOwned},
};

use crate::der::{self, Der};

/// A public key that signatures can be verified by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// An uncompressed point (SEC 1).
    Ec(Curve, Vec<u8>),
    /// 32 bytes (RFC 8032).
    Ed25519(Vec<u8>),
    /// Both numbers big-endian, without zeros before them.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// How a signature is made. ECDSA's is an `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Ecdsa(Hash),
    Ed25519,
    Pkcs1(Hash),
    Pss(Hash),
}

impl Curve {
    /// The bytes of a coordinate.
    pub(crate) const fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl Hash {
    /// In bytes.
    pub(crate) const fn length(self) -> usize {
        self.bits() as usize / 8
    }

    pub(crate) const fn bits(self) -> u16 {
        match self {
            Self::Sha256 => 256,
            Self::Sha384 => 384,
            Self::Sha512 => 512,
        }
    }

    pub(crate) fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

impl Scheme {
    /// By a COSE algorithm (RFC 9053, RFC 8812, RFC 8230). SHA-1 is none: whoever finds collisions of it writes evidence.
    pub(crate) const fn of_cose(algorithm: i64) -> Option<Self> {
        match algorithm {
            -7 => Some(Self::Ecdsa(Hash::Sha256)),
            -35 => Some(Self::Ecdsa(Hash::Sha384)),
            -36 => Some(Self::Ecdsa(Hash::Sha512)),
            -8 => Some(Self::Ed25519),
            -257 => Some(Self::Pkcs1(Hash::Sha256)),
            -258 => Some(Self::Pkcs1(Hash::Sha384)),
            -259 => Some(Self::Pkcs1(Hash::Sha512)),
            -37 => Some(Self::Pss(Hash::Sha256)),
            _ => None,
        }
    }

    /// As a certificate names it (RFC 5758, RFC 4055, RFC 8410).
    pub(crate) fn of_x509(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<Self> {
        let has_none = algorithm.parameters.is_none();
        let has_null = algorithm.parameters.is_none_or(|parameters| parameters.is_null());
        let (scheme, is_of_form) = match algorithm.oid {
            ECDSA_SHA256 => (Self::Ecdsa(Hash::Sha256), has_none),
            ECDSA_SHA384 => (Self::Ecdsa(Hash::Sha384), has_none),
            ECDSA_SHA512 => (Self::Ecdsa(Hash::Sha512), has_none),
            RSA_SHA256 => (Self::Pkcs1(Hash::Sha256), has_null),
            RSA_SHA384 => (Self::Pkcs1(Hash::Sha384), has_null),
            RSA_SHA512 => (Self::Pkcs1(Hash::Sha512), has_null),
            ID_ED25519 => (Self::Ed25519, has_none),
            _ => return None,
        };
        is_of_form.then_some(scheme)
    }

    pub(crate) const fn hash(self) -> Hash {
        match self {
            Self::Ecdsa(hash) | Self::Pkcs1(hash) | Self::Pss(hash) => hash,
            Self::Ed25519 => Hash::Sha512,
        }
    }
}

impl Key {
    /// A certificate's (RFC 5480, RFC 8410, RFC 8017). `None` for one by which nothing can be verified here.
    pub(crate) fn of_spki(spki: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        let bytes = spki.subject_public_key.as_bytes()?;
        let parameters = spki.algorithm.parameters.as_ref();
        match spki.algorithm.oid {
            ID_EC => {
                let curve = match parameters?.decode_as::<ObjectIdentifier>().ok()? {
                    SECP256R1 => Curve::P256,
                    SECP384R1 => Curve::P384,
                    SECP521R1 => Curve::P521,
                    _ => return None,
                };
                let is_point = bytes.first() == Some(&4) && bytes.len() == 1 + 2 * curve.length();
                is_point.then(|| Self::Ec(curve, bytes.to_vec()))
            }
            ID_ED25519 => (bytes.len() == 32 && parameters.is_none()).then(|| Self::Ed25519(bytes.to_vec())),
            ID_RSA => {
                let mut outer = Der::of(bytes);
                let mut numbers = Der::of(outer.take(der::SEQUENCE)?);
                let modulus = der::positive(numbers.take(der::INTEGER)?)?.to_vec();
                let exponent = der::positive(numbers.take(der::INTEGER)?)?.to_vec();
                (outer.is_empty() && numbers.is_empty()).then_some(Self::Rsa { modulus, exponent })
            }
            _ => None,
        }
    }

    /// Of a curve's coordinates, each of its whole length.
    pub(crate) fn of_coordinates(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        let are_whole = x.len() == curve.length() && y.len() == curve.length();
        are_whole.then(|| Self::Ec(curve, [&[4], x, y].concat()))
    }

    /// Whether it signed a message.
    pub(crate) fn signed(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        let by = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        };
        match (self, scheme) {
            (Self::Ec(Curve::P256, point), Scheme::Ecdsa(Hash::Sha256)) => by(&ECDSA_P256_SHA256_ASN1, point),
            (Self::Ec(Curve::P256, point), Scheme::Ecdsa(Hash::Sha384)) => by(&ECDSA_P256_SHA384_ASN1, point),
            (Self::Ec(Curve::P384, point), Scheme::Ecdsa(Hash::Sha256)) => by(&ECDSA_P384_SHA256_ASN1, point),
            (Self::Ec(Curve::P384, point), Scheme::Ecdsa(Hash::Sha384)) => by(&ECDSA_P384_SHA384_ASN1, point),
            (Self::Ec(Curve::P521, point), Scheme::Ecdsa(Hash::Sha512)) => {
                let algorithm = &aws_lc_rs::signature::ECDSA_P521_SHA512_ASN1;
                aws_lc_rs::signature::UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
            }
            (Self::Ed25519(key), Scheme::Ed25519) => by(&ED25519, key),
            (Self::Rsa { modulus, exponent }, Scheme::Pkcs1(_) | Scheme::Pss(_)) => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                rsa(scheme).is_some_and(|parameters| key.verify(parameters, message, signature).is_ok())
            }
            _ => false,
        }
    }
}

fn rsa(scheme: Scheme) -> Option<&'static RsaParameters> {
    match scheme {
        Scheme::Pkcs1(Hash::Sha256) => Some(&RSA_PKCS1_2048_8192_SHA256),
        Scheme::Pkcs1(Hash::Sha384) => Some(&RSA_PKCS1_2048_8192_SHA384),
        Scheme::Pkcs1(Hash::Sha512) => Some(&RSA_PKCS1_2048_8192_SHA512),
        Scheme::Pss(Hash::Sha256) => Some(&RSA_PSS_2048_8192_SHA256),
        Scheme::Pss(Hash::Sha384) => Some(&RSA_PSS_2048_8192_SHA384),
        Scheme::Pss(Hash::Sha512) => Some(&RSA_PSS_2048_8192_SHA512),
        Scheme::Ecdsa(_) | Scheme::Ed25519 => None,
    }
}

const ID_EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ID_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
