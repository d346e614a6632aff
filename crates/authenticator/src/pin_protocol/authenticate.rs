//! The MAC of either protocol, under a shared secret or a pinUvAuthToken.

use ring::hmac;
use subtle::ConstantTimeEq;

use super::{KeyAgreementError, PinProtocol};

/// HMAC-SHA-256 over a message, cut to 16 bytes in protocol 1.
pub(crate) fn mac(protocol: PinProtocol, key: &[u8; 32], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut tag = hmac::sign(&key, message).as_ref().to_vec();
    if protocol == PinProtocol::One {
        tag.truncate(16);
    }
    tag
}

/// Checks a MAC in constant time.
pub(crate) fn verify(
    protocol: PinProtocol,
    key: &[u8; 32],
    message: &[u8],
    tag: &[u8],
) -> Result<(), KeyAgreementError> {
    if bool::from(mac(protocol, key, message).ct_eq(tag)) { Ok(()) } else { Err(KeyAgreementError::WrongMac) }
}
