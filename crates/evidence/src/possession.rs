//! How a device shows that an evidence key is its own, to whoever issues the leaf.

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

/// Whose an evidence key is: ids of 16 bytes each.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// The tenant that is asked.
    pub tenant: &'a [u8; 16],
    /// The account.
    pub account: &'a [u8; 16],
    /// The device.
    pub device: &'a [u8; 16],
}

/// What an evidence key signs to show that its device has it: its namespace ‖ tenant ‖ account ‖ device ‖ the key itself (SEC 1,
/// uncompressed, 65 bytes).
#[must_use]
pub fn message(owner: &Owner<'_>, key: &[u8; 65]) -> Vec<u8> {
    [NAMESPACE.as_slice(), owner.tenant, owner.account, owner.device, key].concat()
}

/// Whether a key's signature (r ‖ s, 32 bytes each) shows that.
#[must_use]
pub fn is_shown(owner: &Owner<'_>, key: &[u8; 65], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(&message(owner, key), signature).is_ok()
}

const NAMESPACE: &[u8; 32] = b"keyfold/v1/evidence/possession//";
