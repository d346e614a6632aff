//! PIN/UV auth protocols (CTAP 2.1 §6.5.6, §6.5.7): a shared secret between a platform and this
//! authenticator, under which PINs, tokens, and `hmac-secret` salts and outputs travel.

pub(crate) mod authenticate;
mod key_agreement;
mod shared_secret;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use key_agreement::KeyAgreement;
pub use shared_secret::SharedSecret;

impl PinProtocol {
    /// The protocol with this number in CTAP2 messages.
    pub(crate) fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(PinProtocol::One),
            2 => Some(PinProtocol::Two),
            _ => None,
        }
    }
}

/// Which of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinProtocol {
    /// SHA-256 of the shared point, AES-256-CBC with a zero IV, 16-byte MACs.
    One,
    /// Two HKDF-SHA-256 keys, AES-256-CBC with a random IV in front, 32-byte MACs.
    Two,
}

/// Why bytes under a shared secret were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyAgreementError {
    /// The peer's key is no P-256 key-agreement COSE key.
    #[error("the peer's key is not usable")]
    InvalidPeerKey,
    /// The MAC does not fit: the bytes were changed, or made under another secret.
    #[error("the MAC is wrong")]
    WrongMac,
    /// The ciphertext has an impossible length.
    #[error("the ciphertext has the wrong length")]
    WrongLength,
}
