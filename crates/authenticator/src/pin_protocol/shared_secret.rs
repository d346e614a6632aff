use std::fmt;

use aes::Aes256;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use rand_core::CryptoRng;
use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::{KeyAgreementError, PinProtocol, authenticate};

/// What a platform and the authenticator derived from their key agreement. Zeroized on drop;
/// `Debug` prints nothing.
pub struct SharedSecret {
    protocol: PinProtocol,
    mac_key: Box<Zeroizing<[u8; 32]>>,
    encryption_key: Box<Zeroizing<[u8; 32]>>,
}

impl SharedSecret {
    /// Derives both keys from the x coordinate of the shared point.
    pub(super) fn derive(protocol: PinProtocol, x: &[u8; 32]) -> Self {
        let mut mac_key = Box::new(Zeroizing::new([0; 32]));
        let mut encryption_key = Box::new(Zeroizing::new([0; 32]));
        match protocol {
            PinProtocol::One => {
                let hash = digest::digest(&digest::SHA256, x);
                mac_key.copy_from_slice(hash.as_ref());
                encryption_key.copy_from_slice(hash.as_ref());
            }
            PinProtocol::Two => {
                expand(x, b"CTAP2 HMAC key", &mut mac_key);
                expand(x, b"CTAP2 AES key", &mut encryption_key);
            }
        }
        SharedSecret { protocol, mac_key, encryption_key }
    }

    /// AES-256-CBC without padding. Protocol 2 draws an IV and puts it in front.
    ///
    /// # Errors
    /// [`KeyAgreementError::WrongLength`] unless the plaintext is whole 16-byte blocks.
    pub fn encrypt(&self, plaintext: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, KeyAgreementError> {
        let mut iv = [0; BLOCK];
        if self.protocol == PinProtocol::Two {
            rng.fill_bytes(&mut iv);
        }
        let mut blocks = Zeroizing::new(plaintext.to_vec());
        cbc::Encryptor::<Aes256>::new((&**self.encryption_key).into(), &iv.into())
            .encrypt_padded::<NoPadding>(&mut blocks, plaintext.len())
            .map_err(|_| KeyAgreementError::WrongLength)?;
        match self.protocol {
            PinProtocol::One => Ok(blocks.to_vec()),
            PinProtocol::Two => Ok([iv.as_slice(), &blocks].concat()),
        }
    }

    /// The inverse of [`Self::encrypt`].
    ///
    /// # Errors
    /// [`KeyAgreementError::WrongLength`] unless the ciphertext is whole blocks, after the IV in
    /// protocol 2.
    pub fn decrypt(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyAgreementError> {
        let (iv, blocks) = match self.protocol {
            PinProtocol::One => ([0; BLOCK], ciphertext),
            PinProtocol::Two => {
                let (iv, blocks) = ciphertext.split_first_chunk().ok_or(KeyAgreementError::WrongLength)?;
                (*iv, blocks)
            }
        };
        let mut plaintext = Zeroizing::new(blocks.to_vec());
        cbc::Decryptor::<Aes256>::new((&**self.encryption_key).into(), &iv.into())
            .decrypt_padded::<NoPadding>(&mut plaintext)
            .map_err(|_| KeyAgreementError::WrongLength)?;
        Ok(plaintext)
    }

    /// HMAC-SHA-256 over a message, cut to 16 bytes in protocol 1.
    pub fn authenticate(&self, message: &[u8]) -> Vec<u8> {
        authenticate::mac(self.protocol, &self.mac_key, message)
    }

    /// Checks a MAC in constant time.
    ///
    /// # Errors
    /// [`KeyAgreementError::WrongMac`] if it is not what [`Self::authenticate`] gives.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), KeyAgreementError> {
        authenticate::verify(self.protocol, &self.mac_key, message, tag)
    }
}

#[cfg(test)]
impl SharedSecret {
    /// As published in the known answers: one key in protocol 1, MAC key ‖ encryption key in 2.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self.protocol {
            PinProtocol::One => self.mac_key.to_vec(),
            PinProtocol::Two => [self.mac_key.as_slice(), self.encryption_key.as_slice()].concat(),
        }
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// HKDF-SHA-256 with a salt of 32 zero bytes, 32 bytes long (RFC 5869): one HMAC to extract, one
/// to expand.
fn expand(secret: &[u8; 32], info: &[u8], key: &mut [u8; 32]) {
    let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]), secret);
    let expand = hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref());
    key.copy_from_slice(hmac::sign(&expand, &[info, &[0x01]].concat()).as_ref());
}

const BLOCK: usize = 16;
