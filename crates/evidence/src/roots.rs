//! Whom a caller trusts beside Keyfold's tenants, and the path from a certificate to one of them (RFC 5280 §6).
//!
//! Paths are verified here and not by `rustls-webpki`, which refuses much of what authenticators and phones have: certificates of
//! version 1, names in the subject alone, an issuer without authority that only an attestation's rules know. What is held: each
//! signature over the bytes that were received, names that chain, validity of every certificate and of the root, authority and its
//! path length, the signing of certificates among the usages of a key, no extension twice, and no critical one that is not known.

use sha2::{Digest, Sha256};
use x509_cert::{
    certificate::{Certificate, Version},
    der::{Decode, Encode, asn1::ObjectIdentifier},
    ext::{
        Extension,
        pkix::{BasicConstraints, KeyUsage},
    },
};

use crate::{
    UnixMillis,
    key::{Key, Scheme},
    x509::{Raw, Validity, extension},
};

/// Certificates that are trusted because the caller says so.
#[derive(Debug, Clone, Default)]
pub struct Roots(Vec<Root>);

#[derive(Debug, Clone)]
struct Root {
    der: Vec<u8>,
    link: Link,
}

/// The certificate at this position (DER) is none, or has a key by which nothing can be verified here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("certificate {0} cannot be a root")]
pub struct NotRoot(pub usize);

/// Why a path to a root is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is empty, longer than [`LONGEST_PATH`], or something in it is no certificate.
    #[error("the certificates cannot be read")]
    Malformed,
    /// A certificate has a critical extension that is not known.
    #[error("a certificate has a critical extension that is not known")]
    Critical,
    /// A certificate, or the root, is not valid at this time.
    #[error("a certificate is not valid now")]
    NotNow,
    /// What signed a certificate had no authority to.
    #[error("a certificate was issued by what may not issue it")]
    NotIssuer,
    /// It leads to none of the roots that are trusted.
    #[error("the path leads to no root that is trusted")]
    Untrusted,
}

/// The certificates of the longest path, the first included.
pub const LONGEST_PATH: usize = 8;

/// What the first certificate of a path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Nothing that other rules are needed for.
    Attestation,
    /// A key of a phone's. Who signed it is the phone's attestation key, which some makers did not certify as an authority.
    AndroidKey,
    /// A key of a TPM's: usages of the key, and the TPM's name, are critical there, and for whoever asks to hold.
    Tpm,
}

/// A certificate of a path.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) certificate: Certificate,
    pub(crate) key: Option<Key>,
    valid: Validity,
}

/// The certificates that came with a signature, the signer's first.
#[derive(Debug)]
pub(crate) struct Path<'a> {
    ders: &'a [Vec<u8>],
    pub(crate) leaf: Link,
    issuers: Vec<Link>,
}

impl Roots {
    /// Trusts these certificates (DER). One that is no authority is trusted for itself alone.
    ///
    /// # Errors
    /// [`NotRoot`].
    pub fn trust(roots: &[impl AsRef<[u8]>]) -> Result<Self, NotRoot> {
        let root = |(position, der): (usize, &_)| {
            let der: &[u8] = AsRef::as_ref(der);
            let link = Link::parse(der).filter(|link| link.key.is_some()).ok_or(NotRoot(position))?;
            Ok(Root { der: der.to_vec(), link })
        };
        roots.iter().enumerate().map(root).collect::<Result<_, _>>().map(Self)
    }
}

impl Link {
    fn parse(der: &[u8]) -> Option<Self> {
        if der.len() > LONGEST_CERTIFICATE {
            return None;
        }
        let certificate = Certificate::from_der(der).ok()?;
        let tbs = certificate.tbs_certificate();
        let mut ids: Vec<_> = tbs.extensions().into_iter().flatten().map(|extension| extension.extn_id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        // What is signed names the algorithm too (RFC 5280 §4.1.1.2).
        let is_whole = ids.len() == count && tbs.signature() == certificate.signature_algorithm();
        let (key, valid) = (Key::of_spki(tbs.subject_public_key_info()), tbs.validity().into());
        is_whole.then_some(Self { certificate, key, valid })
    }

    /// The value of an extension (DER).
    pub(crate) fn extension(&self, id: ObjectIdentifier) -> Option<&Extension> {
        extension(&self.certificate, id)
    }

    /// Whether the certificate says of its key that it is no authority (§4.2.1.9).
    pub(crate) fn is_end(&self) -> bool {
        self.constraints().is_some_and(|constraints| !constraints.ca)
    }

    /// Whether it is of an attestation key that was put into a phone as that was made: named by numbers alone. Whoever else is certified
    /// under a root, for whatever, has another name.
    fn is_of_factory(&self) -> bool {
        let mut named = self.certificate.tbs_certificate().subject().iter().peekable();
        named.peek().is_some() && named.all(|attribute| matches!(attribute.oid, SERIAL_NUMBER | TITLE))
    }

    fn constraints(&self) -> Option<BasicConstraints> {
        BasicConstraints::from_der(self.extension(BASIC_CONSTRAINTS)?.extn_value.as_bytes()).ok()
    }

    fn has_unknown(&self, known: &[ObjectIdentifier]) -> bool {
        let mut all = self.certificate.tbs_certificate().extensions().into_iter().flatten();
        all.any(|extension| extension.critical && !known.contains(&extension.extn_id))
    }

    /// Whether its key may sign something else than certificates: nothing says otherwise (§4.2.1.3).
    pub(crate) fn may_sign(&self) -> bool {
        self.usage().is_none_or(|usage| usage.is_some_and(|usage| usage.digital_signature()))
    }

    /// `None` if it has none, and `Some(None)` if that cannot be read.
    fn usage(&self) -> Option<Option<KeyUsage>> {
        self.extension(KEY_USAGE).map(|usage| KeyUsage::from_der(usage.extn_value.as_bytes()).ok())
    }

    /// Whether it may issue a certificate with so many others between that and the first, both not counted.
    fn may_issue(&self, between: usize) -> bool {
        let may_certify = self.usage().is_none_or(|usage| usage.is_some_and(|usage| usage.key_cert_sign()));
        let is_authority = self.constraints().is_some_and(|constraints| {
            constraints.ca && constraints.path_len_constraint.is_none_or(|longest| between <= usize::from(longest))
        });
        may_certify && is_authority
    }

    /// Whether its key has signed a certificate that names it.
    fn issued(&self, der: &[u8], certificate: &Certificate) -> bool {
        let is_named = certificate.tbs_certificate().issuer() == self.certificate.tbs_certificate().subject();
        let Some((raw, key)) = Raw::parse(der).zip(self.key.as_ref()).filter(|_| is_named) else { return false };
        Scheme::of_x509(&raw.algorithm).is_some_and(|scheme| key.signed(scheme, raw.bytes, raw.signature))
    }
}

impl Root {
    /// Whether a path ends here, by a certificate that is this one or that it has issued; if so, whether it may.
    fn ends(&self, der: &[u8], link: &Link, below: usize, now: UnixMillis) -> Option<Result<[u8; 32], PathError>> {
        let is_itself = self.der == der;
        if !is_itself && !self.link.issued(der, &link.certificate) {
            return None;
        }
        // A root of version 1 has no extensions to say that it is an authority by: the caller says so.
        let is_old = self.link.certificate.tbs_certificate().version() != Version::V3;
        if !is_itself && !is_old && !self.link.may_issue(below) {
            return Some(Err(PathError::NotIssuer));
        }
        let is_now = self.link.valid.contains(now);
        Some(if is_now { Ok(Sha256::digest(&self.der).into()) } else { Err(PathError::NotNow) })
    }
}

impl<'a> Path<'a> {
    pub(crate) fn parse(ders: &'a [Vec<u8>]) -> Result<Self, PathError> {
        if ders.len() > LONGEST_PATH {
            return Err(PathError::Malformed);
        }
        let mut links = Vec::new();
        for der in ders {
            links.push(Link::parse(der).ok_or(PathError::Malformed)?);
        }
        let mut links = links.into_iter();
        let leaf = links.next().ok_or(PathError::Malformed)?;
        Ok(Self { ders, leaf, issuers: links.collect() })
    }

    /// All of it, the first certificate included.
    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        std::iter::once(&self.leaf).chain(&self.issuers)
    }

    /// Verifies it up to a root that is trusted; SHA-256 of that. What comes after is not looked at.
    pub(crate) fn verify(&self, roots: &Roots, now: UnixMillis, purpose: Purpose) -> Result<[u8; 32], PathError> {
        let above = self.issuers.iter().map(Some).chain([None]);
        for (below, ((link, der), above)) in self.links().zip(self.ders).zip(above).enumerate() {
            if !link.valid.contains(now) {
                return Err(PathError::NotNow);
            }
            let known: &[_] = if below == 0 && purpose == Purpose::Tpm { &KNOWN_OF_TPMS } else { &KNOWN };
            if link.has_unknown(known) {
                return Err(PathError::Critical);
            }
            let ends = roots.0.iter().filter_map(|root| root.ends(der, link, below, now));
            if let Some(ended) = ends.reduce(|one, other| one.or(other)) {
                return ended;
            }
            let above = above.filter(|above| above.issued(der, &link.certificate)).ok_or(PathError::Untrusted)?;
            let may_attest = below == 0 && purpose == Purpose::AndroidKey && above.is_of_factory();
            if !may_attest && !above.may_issue(below) {
                return Err(PathError::NotIssuer);
            }
        }
        Err(PathError::Untrusted)
    }
}

/// A certificate's key (`SubjectPublicKeyInfo`, DER).
pub(crate) fn spki(link: &Link) -> Option<Vec<u8>> {
    link.certificate.tbs_certificate().subject_public_key_info().to_der().ok()
}

/// Of a certificate.
const LONGEST_CERTIFICATE: usize = 16 * 1_024;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
const TITLE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.12");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// Policies bind only where one is required, which a critical extension that is not known would have to do.
const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const KNOWN: [ObjectIdentifier; 3] = [BASIC_CONSTRAINTS, KEY_USAGE, POLICIES];
/// With the extended key usage, and the alternative name.
const KNOWN_OF_TPMS: [ObjectIdentifier; 5] = [
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    POLICIES,
    ObjectIdentifier::new_unwrap("2.5.29.37"),
    ObjectIdentifier::new_unwrap("2.5.29.17"),
];
