//! The device behind an assertion: the output of the extension `keyfoldDevice` in authenticator data, which browsers pass on
//! untouched. A map of 1 (the leaf, DER) and 2 (the evidence key's signature, r ‖ s) over [`message`].

use ciborium::Value;

use crate::{
    AuthenticatorData, Authority, Leaf, LeafError, UnixMillis,
    cbor::{self, Members},
};

/// Who signed, by the evidence in an assertion.
#[derive(Debug, Clone)]
pub enum Device {
    /// Nothing tells.
    Absent,
    /// The device whose evidence key the leaf has.
    Verified(Leaf),
    /// What should tell does not: take it for an attack, or a fault, and for nothing.
    Refused(DeviceError),
}

/// Why the evidence in an assertion is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// It is not of its form.
    #[error("the device's evidence cannot be read")]
    Malformed,
    /// The leaf is refused.
    #[error("the device's leaf is refused: {0}")]
    Leaf(#[from] LeafError),
    /// The leaf is of the other class than the credential.
    #[error("the leaf is not of this credential's class")]
    Class,
    /// The signature is none of the leaf's key over this assertion.
    #[error("the evidence key has not signed this assertion")]
    Signature,
}

/// What an assertion's evidence is about.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// SHA-256 of the RP id.
    pub rp_id_hash: &'a [u8; 32],
    /// The flags of the authenticator data.
    pub flags: u8,
    /// The credential.
    pub credential_id: &'a [u8],
    /// SHA-256 of the client data, which holds the challenge.
    pub client_data_hash: &'a [u8; 32],
}

/// The name of the extension.
pub const EXTENSION: &str = "keyfoldDevice";

/// What an evidence key signs: its namespace ‖ SHA-256 of the leaf ‖ SHA-256 of the RP id ‖ flags (1) ‖ length of the credential id
/// (2, big-endian) ‖ credential id ‖ SHA-256 of the client data.
///
/// An attestation that the same key signs begins with the SHA-256 of an RP id, which these 32 bytes of ASCII are not.
#[must_use]
pub fn message(leaf_hash: &[u8; 32], signed: &Signed<'_>) -> Vec<u8> {
    let length = u16::try_from(signed.credential_id.len()).unwrap_or(u16::MAX).to_be_bytes();
    [
        NAMESPACE.as_slice(),
        leaf_hash,
        signed.rp_id_hash,
        &[signed.flags],
        &length,
        signed.credential_id,
        signed.client_data_hash,
    ]
    .concat()
}

/// The extension's output, in canonical CBOR.
#[must_use]
pub fn output(leaf: &[u8], signature: &[u8; 64]) -> Vec<u8> {
    let members = [(1, leaf), (2, signature.as_slice())];
    let members = members.map(|(name, bytes)| (Value::from(name), Value::from(bytes.to_vec())));
    cbor::encode(&Value::Map(members.to_vec()))
}

/// What an assertion's authenticator data tells of the device.
pub(crate) fn of(
    data: &AuthenticatorData,
    credential_id: &[u8],
    client_data_hash: &[u8; 32],
    authority: &Authority,
    now: UnixMillis,
) -> Device {
    let Some(output) = data.extension(EXTENSION) else { return Device::Absent };
    let signed = Signed { rp_id_hash: &data.rp_id_hash, flags: data.flags.bits(), credential_id, client_data_hash };
    match verified(output.clone(), &signed, authority, now) {
        Ok(leaf) if leaf.claims().class.is_backup_eligible() != data.flags.backup_eligible() => {
            Device::Refused(DeviceError::Class)
        }
        Ok(leaf) => Device::Verified(leaf),
        Err(error) => Device::Refused(error),
    }
}

fn verified(output: Value, signed: &Signed<'_>, authority: &Authority, now: UnixMillis) -> Result<Leaf, DeviceError> {
    let (leaf, signature) = read(output).ok_or(DeviceError::Malformed)?;
    let leaf = Leaf::verify(&leaf, authority, now)?;
    let is_signed = leaf.signed(&message(leaf.hash(), signed), &signature);
    if is_signed { Ok(leaf) } else { Err(DeviceError::Signature) }
}

fn read(output: Value) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut members = Members::of(output)?;
    let leaf = members.number(1)?.into_bytes().ok()?;
    let signature = members.number(2)?.into_bytes().ok()?;
    members.end().map(|()| (leaf, signature))
}

const NAMESPACE: &[u8; 32] = b"keyfold/v1/evidence/assertion///";
