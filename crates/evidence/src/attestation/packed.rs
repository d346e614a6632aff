use x509_cert::{
    certificate::Version,
    der::{Tag, Tagged, asn1::ObjectIdentifier},
};

use super::{AttestationError, Kind, Model, Subject, Trusted, Verdict, algorithm, bytes, certificates, is_of_model};
use crate::{
    cbor::Members,
    key::Scheme,
    roots::{Link, Path},
};

/// `packed` (WebAuthn L3 §8.2).
pub(super) fn verify(
    mut members: Members,
    subject: &Subject,
    trusted: &Trusted<'_>,
) -> Result<Verdict, AttestationError> {
    let malformed = AttestationError::Malformed;
    let algorithm = algorithm(&mut members).ok_or(malformed)?;
    let signature = bytes(&mut members, "sig").ok_or(malformed)?;
    let x5c = members.text("x5c");
    members.end().ok_or(malformed)?;
    let Some(x5c) = x5c else {
        let is_own =
            algorithm == subject.public_key.algorithm() && subject.public_key.signed(&subject.signed, &signature);
        return if is_own { Ok(Verdict::Own) } else { Err(AttestationError::Signature) };
    };
    let certificates = certificates(x5c).ok_or(malformed)?;
    let path = Path::parse(&certificates)?;
    let scheme = Scheme::of_cose(algorithm).ok_or(AttestationError::Algorithm(algorithm))?;
    let is_signed = path.leaf.key.as_ref().is_some_and(|key| key.signed(scheme, &subject.signed, &signature));
    if !is_signed {
        return Err(AttestationError::Signature);
    }
    if !is_attestation(&path.leaf) {
        return Err(AttestationError::Certificate);
    }
    if !is_of_model(&path.leaf, subject.aaguid) {
        return Err(AttestationError::Model);
    }
    let root = trusted.path(&path)?;
    Ok(Verdict::Model(Model { kind: Kind::Basic, aaguid: Some(subject.aaguid), protection: None, root }))
}

/// Whether a certificate is one of an attestation key (§8.2.1).
fn is_attestation(link: &Link) -> bool {
    let tbs = link.certificate.tbs_certificate();
    let named = |id: ObjectIdentifier| {
        let mut values = tbs.subject().iter().filter(|attribute| attribute.oid == id).map(|found| &found.value);
        values.next().filter(|value| values.next().is_none() && !value.value().is_empty())
    };
    let is_of_country =
        named(COUNTRY).is_some_and(|value| value.tag() == Tag::PrintableString && value.value().len() == 2);
    let is_of_unit = named(UNIT).is_some_and(|value| value.value() == b"Authenticator Attestation");
    let is_named = named(ORGANIZATION).is_some() && named(COMMON_NAME).is_some();
    tbs.version() == Version::V3 && link.is_end() && link.may_sign() && is_of_country && is_of_unit && is_named
}

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
