use x509_cert::{
    certificate::Version,
    der::{Decode, asn1::ObjectIdentifier},
    ext::pkix::{ExtendedKeyUsage, SubjectAltName, name::GeneralName},
};

use super::{AttestationError, Kind, Model, Subject, Trusted, Verdict, algorithm, bytes, certificates, is_of_model};
use crate::{
    Protection,
    cbor::Members,
    key::Scheme,
    roots::{Link, Path, Purpose},
    tpm::{Attest, Attested, Public},
};

/// `tpm` (WebAuthn L3 §8.3): a TPM 2.0 certifies that it holds the credential's key.
pub(super) fn verify(
    mut members: Members,
    subject: &Subject,
    trusted: &Trusted<'_>,
) -> Result<Verdict, AttestationError> {
    let malformed = AttestationError::Malformed;
    let is_of_version = members.text("ver").is_some_and(|version| version.as_text() == Some("2.0"));
    let algorithm = algorithm(&mut members).filter(|_| is_of_version).ok_or(malformed)?;
    let certificates = members.text("x5c").and_then(certificates).ok_or(malformed)?;
    let signature = bytes(&mut members, "sig").ok_or(malformed)?;
    let certified = bytes(&mut members, "certInfo").ok_or(malformed)?;
    let public = bytes(&mut members, "pubArea").and_then(|area| Public::parse(&area)).ok_or(malformed)?;
    members.end().ok_or(malformed)?;

    let path = Path::parse(&certificates)?;
    let scheme = Scheme::of_cose(algorithm).ok_or(AttestationError::Algorithm(algorithm))?;
    if !path.leaf.key.as_ref().is_some_and(|key| key.signed(scheme, &certified, &signature)) {
        return Err(AttestationError::Signature);
    }
    if public.key != subject.public_key.key {
        return Err(AttestationError::Key);
    }
    let attest = Attest::parse(&certified).ok_or(malformed)?;
    let is_of_key = matches!(attest.attested, Attested::Certify { name } if name == public.name);
    if !is_of_key {
        return Err(AttestationError::Key);
    }
    if attest.extra_data != scheme.hash().of(&subject.signed) {
        return Err(AttestationError::Registration);
    }
    if !is_attestation(&path.leaf) {
        return Err(AttestationError::Certificate);
    }
    if !is_of_model(&path.leaf, subject.aaguid) {
        return Err(AttestationError::Model);
    }
    let root = path.verify(trusted.roots, trusted.now, Purpose::Tpm)?;
    // A key that came from outside, or may leave, is one that the TPM holds, and others may.
    let protection = public.attributes.is_of_this_tpm().then_some(Protection::Tpm);
    let protection = protection.or(Some(Protection::Software));
    Ok(Verdict::Model(Model { kind: Kind::AttestationCa, aaguid: Some(subject.aaguid), protection, root }))
}

/// Whether a certificate is one of a TPM's attestation key (§8.3.1).
fn is_attestation(link: &Link) -> bool {
    let tbs = link.certificate.tbs_certificate();
    let usage = link.extension(USAGE).and_then(|usage| ExtendedKeyUsage::from_der(usage.extn_value.as_bytes()).ok());
    let is_for_attestation = usage.is_some_and(|usage| usage.0.contains(&AIK_CERTIFICATE));
    let is_anonymous = tbs.version() == Version::V3 && tbs.subject().iter().next().is_none();
    is_anonymous && is_for_attestation && link.may_sign() && link.is_end() && names_a_tpm(link)
}

/// Whether a certificate's alternative name has a TPM's maker, model and version ("TCG EK Credential Profile", §3.2.9).
pub(crate) fn names_a_tpm(link: &Link) -> bool {
    let names = link.extension(ALTERNATIVE_NAME);
    let names = names.and_then(|names| SubjectAltName::from_der(names.extn_value.as_bytes()).ok());
    names.is_some_and(|names| {
        names.0.iter().any(|name| {
            let GeneralName::DirectoryName(name) = name else { return false };
            let has = |id: ObjectIdentifier| name.iter().any(|attribute| attribute.oid == id);
            [MANUFACTURER, MODEL, VERSION].into_iter().all(has)
        })
    })
}

const USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const AIK_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.3");
const MANUFACTURER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.2.1");
const MODEL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.2.2");
const VERSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.2.3");
