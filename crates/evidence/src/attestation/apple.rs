use sha2::{Digest, Sha256};
use x509_cert::der::asn1::ObjectIdentifier;

use super::{AttestationError, Kind, Model, Subject, Trusted, Verdict, certificates};
use crate::{
    cbor::Members,
    der::{self, explicit},
    roots::{Link, Path},
};

/// `apple` (WebAuthn L3 §8.8): Apple has certified the credential's key for this registration alone.
pub(super) fn verify(
    mut members: Members,
    subject: &Subject,
    trusted: &Trusted<'_>,
) -> Result<Verdict, AttestationError> {
    let certificates = members.text("x5c").and_then(certificates).ok_or(AttestationError::Malformed)?;
    members.end().ok_or(AttestationError::Malformed)?;
    let path = Path::parse(&certificates)?;
    if path.leaf.key.as_ref() != Some(&subject.public_key.key) {
        return Err(AttestationError::Key);
    }
    if nonce(&path.leaf) != Some(Sha256::digest(&subject.signed).as_slice()) {
        return Err(AttestationError::Registration);
    }
    let root = trusted.path(&path)?;
    Ok(Verdict::Model(Model { kind: Kind::AnonymizationCa, aaguid: Some(subject.aaguid), protection: None, root }))
}

/// What Apple has certified a key for: a SEQUENCE of `[1]`, which holds an OCTET STRING.
pub(crate) fn nonce(link: &Link) -> Option<&[u8]> {
    let value = link.extension(NONCE)?.extn_value.as_bytes();
    der::only(der::only(der::only(value, der::SEQUENCE)?, explicit(1))?, der::OCTET_STRING)
}

const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.2");
