use super::{AttestationError, Kind, Model, Subject, Trusted, Verdict, bytes, certificates};
use crate::{
    cbor::Members,
    key::{Curve, Hash, Key, Scheme},
    roots::Path,
};

/// `fido-u2f` (WebAuthn L3 §8.6): a security key of before CTAP 2. Its signature covers neither flags nor AAGUID.
pub(super) fn verify(
    mut members: Members,
    subject: &Subject,
    trusted: &Trusted<'_>,
) -> Result<Verdict, AttestationError> {
    let malformed = AttestationError::Malformed;
    let signature = bytes(&mut members, "sig").ok_or(malformed)?;
    let certificates = members.text("x5c").and_then(certificates).filter(|all| all.len() == 1).ok_or(malformed)?;
    members.end().ok_or(malformed)?;
    let path = Path::parse(&certificates)?;
    let Some(key @ Key::Ec(Curve::P256, _)) = &path.leaf.key else { return Err(AttestationError::Certificate) };
    if !path.leaf.may_sign() {
        return Err(AttestationError::Certificate);
    }
    let Key::Ec(Curve::P256, point) = &subject.public_key.key else { return Err(AttestationError::Key) };
    let signed =
        [&[0], subject.rp_id_hash.as_slice(), &subject.client_data_hash, &subject.credential_id, point].concat();
    if !key.signed(Scheme::Ecdsa(Hash::Sha256), &signed, &signature) {
        return Err(AttestationError::Signature);
    }
    let root = trusted.path(&path)?;
    Ok(Verdict::Model(Model { kind: Kind::Basic, aaguid: None, protection: None, root }))
}
