use super::{AttestationError, Kind, Model, Subject, Trusted, Verdict, algorithm, bytes, certificates};
use crate::{
    cbor::Members,
    hardware::{KeyDescription, Origin, SIGN, described},
    key::Scheme,
    roots::{Path, Purpose},
};

/// `android-key` (WebAuthn L3 §8.4): an Android device describes the credential's key.
pub(super) fn verify(
    mut members: Members,
    subject: &Subject,
    trusted: &Trusted<'_>,
) -> Result<Verdict, AttestationError> {
    let malformed = AttestationError::Malformed;
    let algorithm = algorithm(&mut members).ok_or(malformed)?;
    let signature = bytes(&mut members, "sig").ok_or(malformed)?;
    let certificates = members.text("x5c").and_then(certificates).ok_or(malformed)?;
    members.end().ok_or(malformed)?;

    let path = Path::parse(&certificates)?;
    let scheme = Scheme::of_cose(algorithm).ok_or(AttestationError::Algorithm(algorithm))?;
    let key = path.leaf.key.as_ref().ok_or(AttestationError::Key)?;
    if !key.signed(scheme, &subject.signed, &signature) {
        return Err(AttestationError::Signature);
    }
    if *key != subject.public_key.key {
        return Err(AttestationError::Key);
    }
    let root = path.verify(trusted.roots, trusted.now, Purpose::AndroidKey)?;
    let description = described(&path).map_err(AttestationError::Android)?;
    if description.challenge != subject.client_data_hash {
        return Err(AttestationError::Registration);
    }
    if !is_for_one_program(&description) {
        return Err(AttestationError::Origin);
    }
    let protection = Some(description.protection());
    Ok(Verdict::Model(Model { kind: Kind::Basic, aaguid: Some(subject.aaguid), protection, root }))
}

/// By either list, since [`Model::protection`] tells by which.
fn is_for_one_program(description: &KeyDescription) -> bool {
    let lists = [&description.hardware, &description.software];
    let origins: Vec<_> = lists.iter().filter_map(|list| list.origin).collect();
    let is_made_here = !origins.is_empty() && origins.iter().all(|origin| *origin == Origin::Generated);
    let purposes: Vec<_> = lists.iter().flat_map(|list| &list.purposes).collect();
    let is_to_sign = !purposes.is_empty() && purposes.iter().all(|purpose| **purpose == SIGN);
    is_made_here && is_to_sign && lists.iter().all(|list| !list.all_applications)
}
