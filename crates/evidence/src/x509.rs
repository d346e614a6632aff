//! What this crate needs of X.509 (RFC 5280) beyond a path's verification: signed parts, extensions, times.

use rustls_pki_types::SignatureVerificationAlgorithm;
use webpki::ring::{ECDSA_P256_SHA256, ECDSA_P384_SHA384};
use x509_cert::{
    certificate::Certificate,
    der::{
        Decode, Reader, SliceReader,
        asn1::{BitStringRef, ObjectIdentifier},
    },
    ext::{
        Extension,
        pkix::{BasicConstraints, KeyUsage},
    },
    spki::AlgorithmIdentifierRef,
    time::{Time, Validity as X509Validity},
};

use crate::UnixMillis;

/// From the first moment to the last, as a certificate has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) from: UnixMillis,
    pub(crate) until: UnixMillis,
}

impl Validity {
    pub(crate) fn contains(self, now: UnixMillis) -> bool {
        // A certificate counts whole seconds, and its last one is within.
        (self.from.seconds()..=self.until.seconds()).contains(&now.seconds())
    }

    pub(crate) fn between(from: &Time, until: &Time) -> Self {
        let moment = |time: &Time| UnixMillis(u64::try_from(time.to_unix_duration().as_millis()).unwrap_or(u64::MAX));
        Self { from: moment(from), until: moment(until) }
    }
}

impl From<&X509Validity> for Validity {
    fn from(validity: &X509Validity) -> Self {
        Self::between(&validity.not_before, &validity.not_after)
    }
}

/// A certificate, or a list of revoked ones: what is signed, how, and the signature (RFC 5280 §4.1.1, §5.1.1).
pub(crate) struct Raw<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) algorithm: AlgorithmIdentifierRef<'a>,
    pub(crate) signature: &'a [u8],
}

impl<'a> Raw<'a> {
    /// Of DER without anything after it.
    pub(crate) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut reader = SliceReader::new(der).ok()?;
        let parts = reader.sequence(|parts| {
            let bytes = parts.tlv_bytes()?;
            let algorithm = AlgorithmIdentifierRef::decode(parts)?;
            let signature = BitStringRef::decode(parts)?;
            Ok::<_, x509_cert::der::Error>((bytes, algorithm, signature))
        });
        let (bytes, algorithm, signature) = parts.ok()?;
        let is_whole = reader.is_finished();
        is_whole.then_some(Self { bytes, algorithm, signature: signature.as_bytes()? })
    }
}

/// The same, by an algorithm that an authority of Keyfold may have.
pub(crate) struct Signed<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) algorithm: &'static dyn SignatureVerificationAlgorithm,
    pub(crate) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Option<Self> {
        let Raw { bytes, algorithm, signature } = Raw::parse(der)?;
        let algorithm: &dyn SignatureVerificationAlgorithm = match algorithm.oid {
            ECDSA_WITH_SHA256 => ECDSA_P256_SHA256,
            ECDSA_WITH_SHA384 => ECDSA_P384_SHA384,
            _ => return None,
        };
        Some(Self { bytes, algorithm, signature })
    }
}

/// An authority's own rules for the certificates of those that issue for it (RFC 5280 §4.2.1.3, §4.2.1.9): critical basic
/// constraints with CA and this path length, critical key usage with the signing of certificates and of lists of revoked ones, and
/// nothing critical beside.
pub(crate) fn is_issuer(certificate: &Certificate, path_length: u8) -> bool {
    let constraints = extension(certificate, BASIC_CONSTRAINTS).filter(|found| found.critical);
    let constraints = constraints.and_then(|found| BasicConstraints::from_der(found.extn_value.as_bytes()).ok());
    let critical = certificate.tbs_certificate().extensions().into_iter().flatten().filter(|found| found.critical);
    critical.count() == 2
        && constraints.is_some_and(|found| found.ca && found.path_len_constraint == Some(path_length))
        && key_usage(certificate).is_some_and(|usage| usage.key_cert_sign() && usage.crl_sign())
}

/// What a certificate's key is for, where that is critical (§4.2.1.3).
pub(crate) fn key_usage(certificate: &Certificate) -> Option<KeyUsage> {
    let usage = extension(certificate, KEY_USAGE).filter(|found| found.critical)?;
    KeyUsage::from_der(usage.extn_value.as_bytes()).ok()
}

/// The only extension with this id.
pub(crate) fn extension(certificate: &Certificate, id: ObjectIdentifier) -> Option<&Extension> {
    let mut found = certificate.tbs_certificate().extensions()?.iter().filter(|extension| extension.extn_id == id);
    found.next().filter(|_| found.next().is_none())
}

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
