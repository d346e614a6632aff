use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

/// What was sealed does not open: another key, another context, or changed bytes. Which of them is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be opened")]
pub struct Unopenable;

/// AES-256-GCM; the tag is the last 16 bytes.
#[expect(
    clippy::expect_used,
    reason = "AES-GCM refuses only plaintexts of 64 GiB; every caller's is bounded to far less"
)]
pub(crate) fn seal(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], msg: &[u8]) -> Vec<u8> {
    Aes256Gcm::new(key.into()).encrypt(nonce.into(), Payload { msg, aad }).expect("the plaintext is bounded")
}

pub(crate) fn open(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], msg: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    Aes256Gcm::new(key.into()).decrypt(nonce.into(), Payload { msg, aad }).map(Zeroizing::new).map_err(|_| Unopenable)
}

#[cfg(test)]
mod known_answers;
