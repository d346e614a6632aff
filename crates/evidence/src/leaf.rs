//! The certificate of an evidence key: what the tenant's authority says of the device, without saying which it is.
//!
//! | field | value |
//! | --- | --- |
//! | serial | random |
//! | subject | C, O of the tenant, OU `Authenticator Attestation`, CN `Keyfold synced passkeys` or `Keyfold device-bound passkeys` |
//! | validity | whole days, from the first second of one to the last of another; at most 31 |
//! | key usage | digital signature, critical |
//! | public key | P-256, pairwise to device, relying party and class |
//! | 1.3.6.1.4.1.45724.1.1.4 | the AAGUID of the class (WebAuthn L3 §8.2.1), not critical |
//! | subject alternative name | two URIs: `urn:keyfold:leaf:1:CLASS:PROTECTION:COMPLIANCE:INDEX`, and the status list's |

use std::fmt;

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rustls_pki_types::{CertificateDer, UnixTime};
use sha2::{Digest, Sha256};
use webpki::{
    EndEntityCert, KeyUsage,
    ring::{ECDSA_P256_SHA256, ECDSA_P384_SHA384},
};
use x509_cert::{
    certificate::{Certificate, Version},
    der::{
        Decode,
        asn1::{ObjectIdentifier, OctetStringRef},
    },
};

use crate::{
    Aaguid, Authority, Class, Compliance, Protection, StatusReference, UnixMillis,
    x509::{Validity, extension, key_usage},
};

/// A leaf that its authority vouches for.
#[derive(Clone)]
pub struct Leaf {
    pub(crate) claims: LeafClaims,
    valid: Validity,
    public_key: [u8; POINT],
    hash: [u8; 32],
}

/// What a leaf says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafClaims {
    /// Of the passkeys that its key gives evidence of.
    pub class: Class,
    /// What protects their private keys.
    pub protection: Protection,
    /// How the device stood to its tenant's rules.
    pub compliance: Compliance,
    /// Whether that still holds.
    pub status: StatusReference,
}

/// What whoever holds a leaf reads of it, unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafShown {
    /// Its key: SEC 1, uncompressed.
    pub public_key: [u8; POINT],
    /// The first moment at which it counts no more.
    pub until: UnixMillis,
    /// What it says.
    pub claims: LeafClaims,
}

impl LeafShown {
    /// Of a leaf (DER).
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn of(der: &[u8]) -> Result<Self, LeafError> {
        let leaf = Leaf::read(der)?;
        Ok(Self { public_key: leaf.public_key, until: leaf.expires(), claims: leaf.claims })
    }
}

/// Why a leaf is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// It is longer than [`MAX_LEAF`].
    #[error("a leaf has at most {MAX_LEAF} bytes")]
    TooLong,
    /// It is no certificate, or not as a leaf must be.
    #[error("it is no leaf of an evidence key")]
    Malformed,
    /// No authority that is trusted, and counts at this time, has issued it.
    #[error("no trusted authority has issued it")]
    Untrusted,
    /// It is not valid at this time.
    #[error("it is not valid now")]
    NotNow,
}

/// The bytes of the longest leaf: it travels in authenticator data.
pub const MAX_LEAF: usize = 1_024;

impl Leaf {
    /// Verifies a leaf (DER) under its authority.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn verify(der: &[u8], authority: &Authority, now: UnixMillis) -> Result<Self, LeafError> {
        Self::verify_at(der, authority, now, now)
    }

    /// As it counted at a time, by what is known now.
    pub(crate) fn verify_at(
        der: &[u8],
        authority: &Authority,
        at: UnixMillis,
        now: UnixMillis,
    ) -> Result<Self, LeafError> {
        let leaf = Self::read(der)?;
        if !leaf.valid.contains(at) {
            return Err(LeafError::NotNow);
        }
        let certificate = CertificateDer::from(der);
        let certificate = EndEntityCert::try_from(&certificate).map_err(|_| LeafError::Malformed)?;
        let anchors: Vec<_> = authority.issuers.iter().map(|issuer| issuer.anchor.clone()).collect();
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at.seconds()));
        let counts = |path: &webpki::VerifiedPath<'_>| match authority.issues(path.anchor(), at, now) {
            true => Ok(()),
            false => Err(webpki::Error::UnknownIssuer),
        };
        // A leaf has no extended key usage, and one that has is for something else.
        let usage = KeyUsage::required_if_present(&[]);
        let path = certificate.verify_for_usage(ALGORITHMS, &anchors, &[], time, usage, None, Some(&counts));
        path.map(|_| leaf).map_err(|_| LeafError::Untrusted)
    }

    /// What it says, which nobody need stand by.
    pub(crate) fn read(der: &[u8]) -> Result<Self, LeafError> {
        if der.len() > MAX_LEAF {
            return Err(LeafError::TooLong);
        }
        let certificate = Certificate::from_der(der).map_err(|_| LeafError::Malformed)?;
        Self::of(&certificate, Sha256::digest(der).into()).ok_or(LeafError::Malformed)
    }

    fn of(certificate: &Certificate, hash: [u8; 32]) -> Option<Self> {
        let tbs = certificate.tbs_certificate();
        let valid = Validity::from(tbs.validity());
        let (from, end) = (valid.from.0, valid.until.0.saturating_add(SECOND));
        let is_of_days = from % DAY == 0 && end % DAY == 0 && end.saturating_sub(from) <= LONGEST * DAY;
        let is_for_signatures = key_usage(certificate)
            .is_some_and(|usage| usage.digital_signature() && !usage.key_cert_sign() && !usage.key_agreement());
        if tbs.version() != Version::V3 || !is_of_days || !is_for_signatures {
            return None;
        }
        let claims = LeafClaims::of(certificate)?;
        let aaguid = extension(certificate, AAGUID)?.extn_value.as_bytes();
        let aaguid = <&OctetStringRef>::from_der(aaguid).ok()?.as_bytes();
        if aaguid != claims.class.aaguid().0 {
            return None;
        }
        let spki = tbs.subject_public_key_info();
        let is_p256 = spki.algorithm.oid == EC_PUBLIC_KEY
            && spki
                .algorithm
                .parameters
                .as_ref()
                .is_some_and(|curve| curve.decode_as().is_ok_and(|curve: ObjectIdentifier| curve == P256));
        let public_key = spki.subject_public_key.as_bytes()?.try_into().ok().filter(|_| is_p256)?;
        Some(Self { claims, valid, public_key, hash })
    }

    /// What it says.
    #[must_use]
    pub const fn claims(&self) -> &LeafClaims {
        &self.claims
    }

    /// The first moment at which it counts no more.
    #[must_use]
    pub const fn expires(&self) -> UnixMillis {
        UnixMillis(self.valid.until.0.saturating_add(SECOND))
    }

    /// SHA-256 of it: what its key's signatures over assertions and statements name.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Its key: SEC 1, uncompressed. The same at each sign-in of this device at this relying party.
    #[must_use]
    pub const fn public_key(&self) -> &[u8; POINT] {
        &self.public_key
    }

    /// Whether its key signed a message: r ‖ s (32 bytes each), with the lower of both s.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.public_key);
        is_low(signature) && key.verify(message, signature).is_ok()
    }
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaf").field("claims", &self.claims).field("valid", &self.valid).finish_non_exhaustive()
    }
}

impl LeafClaims {
    /// As they stand in the subject alternative name.
    #[must_use]
    pub fn to_uris(&self) -> [String; 2] {
        let (class, protection, compliance) = (self.class.name(), self.protection.name(), self.compliance.name());
        [format!("{URN}{class}:{protection}:{compliance}:{}", self.status.index), self.status.uri.clone()]
    }

    fn of(certificate: &Certificate) -> Option<Self> {
        use x509_cert::ext::pkix::{SubjectAltName, name::GeneralName};
        let names = extension(certificate, SUBJECT_ALT_NAME)?.extn_value.as_bytes();
        let names = SubjectAltName::from_der(names).ok()?;
        let [GeneralName::UniformResourceIdentifier(claims), GeneralName::UniformResourceIdentifier(uri)] =
            names.0.as_slice()
        else {
            return None;
        };
        let mut parts = claims.as_str().strip_prefix(URN)?.split(':');
        let class = parts.next()?;
        let protection = parts.next()?;
        let compliance = parts.next()?;
        let index = parts.next()?.parse().ok()?;
        let claims_read = Self {
            class: Class::ALL.into_iter().find(|known| known.name() == class)?,
            protection: Protection::ALL.into_iter().find(|known| known.name() == protection)?,
            compliance: Compliance::ALL.into_iter().find(|known| known.name() == compliance)?,
            status: StatusReference { index, uri: uri.as_str().to_owned() },
        };
        // There is one way to write them.
        (claims_read.to_uris() == [claims.as_str().to_owned(), uri.as_str().to_owned()]).then_some(claims_read)
    }

    /// The AAGUID of its passkeys.
    #[must_use]
    pub const fn aaguid(&self) -> Aaguid {
        self.class.aaguid()
    }
}

/// Whether s is at most half of the group's order: of the two signatures that verify there is one.
fn is_low(signature: &[u8]) -> bool {
    signature.get(32..64).is_some_and(|s| s <= HALF_OF_ORDER.as_slice())
}

/// Days that a leaf may count for.
pub(crate) const LONGEST: u64 = 31;
const DAY: u64 = 24 * 60 * 60 * SECOND;
const SECOND: u64 = 1_000;
/// Of an uncompressed P-256 point (SEC 1).
const POINT: usize = 65;
const URN: &str = "urn:keyfold:leaf:1:";
const ALGORITHMS: &[&dyn rustls_pki_types::SignatureVerificationAlgorithm] = &[ECDSA_P256_SHA256, ECDSA_P384_SHA384];
const AAGUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const HALF_OF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d,
    0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];
