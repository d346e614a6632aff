//! What a relying party keeps beside a passkey (CTAP 2.1 §6.10, §12.3; WebAuthn §10.1.5), as a platform compressed it, and
//! the entry of the large-blob array that holds it.

use std::fmt;

use ciborium::Value;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use zeroize::{Zeroize, Zeroizing};

use crate::cbor::{Fields, bytes, integer, integer_map};
use crate::{CtapError, LargeBlobKey};

/// One passkey's blob. `Debug` prints nothing of it; zeroized on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct LargeBlob {
    /// Its length before it was compressed, as whoever compressed it says.
    pub size: u64,
    /// DEFLATE (RFC 1951).
    pub deflated: Zeroizing<Vec<u8>>,
}

impl LargeBlob {
    /// The entry of the array: `{1: ciphertext, 2: nonce, 3: size}`. The nonce is a MAC of what is sealed, so that an array
    /// that is read in parts is the same in each.
    pub(crate) fn seal(&self, key: &LargeBlobKey) -> Result<Value, CtapError> {
        let mac_key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
        let mac = hmac::sign(
            &mac_key,
            &[b"keyfold/large-blob-nonce/1".as_slice(), &associated(self.size), &self.deflated].concat(),
        );
        let nonce: [u8; NONCE_LEN] = mac.as_ref().first_chunk().copied().ok_or(CtapError::Other)?;
        let mut sealed = self.deflated.to_vec();
        let aad = Aad::from(associated(self.size));
        let done = aes(key)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed);
        done.map_err(|_| CtapError::Other)?;
        Ok(integer_map([(1, Value::from(sealed)), (2, Value::from(nonce.to_vec())), (3, Value::from(self.size))]))
    }

    /// Opens an entry, if it is one under this key.
    pub(crate) fn open(entry: &SealedBlob, key: &LargeBlobKey) -> Option<Self> {
        let mut opened = Zeroizing::new(entry.ciphertext.clone());
        let nonce = Nonce::assume_unique_for_key(entry.nonce);
        let length = aes(key).ok()?.open_in_place(nonce, Aad::from(associated(entry.size)), &mut opened).ok()?.len();
        if let Some(tag) = opened.get_mut(length..) {
            tag.zeroize();
        }
        opened.truncate(length);
        Some(LargeBlob { size: entry.size, deflated: opened })
    }
}

impl fmt::Debug for LargeBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LargeBlob(..)")
    }
}

/// An entry of the array that may be under one of our keys.
pub(crate) struct SealedBlob {
    ciphertext: Vec<u8>,
    nonce: [u8; NONCE_LEN],
    size: u64,
}

impl SealedBlob {
    pub(crate) fn of(entry: Value) -> Option<Self> {
        let mut fields = Fields::of(entry).ok()?;
        let ciphertext = bytes(fields.optional(1)?).ok()?;
        let nonce = bytes(fields.optional(2)?).ok()?.try_into().ok()?;
        let size = u64::try_from(integer(fields.optional(3)?).ok()?).ok()?;
        Some(SealedBlob { ciphertext, nonce, size })
    }
}

fn aes(key: &LargeBlobKey) -> Result<LessSafeKey, CtapError> {
    UnboundKey::new(&AES_256_GCM, key.expose()).map(LessSafeKey::new).map_err(|_| CtapError::Other)
}

/// "blob" ‖ the size, little-endian (CTAP 2.1 §6.10.3).
fn associated(size: u64) -> [u8; 12] {
    let mut data = *b"blob\0\0\0\0\0\0\0\0";
    for (byte, of_size) in data.iter_mut().skip(4).zip(size.to_le_bytes()) {
        *byte = of_size;
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Script, example_passkey};

    #[test]
    fn a_blob_opens_under_its_own_key_only_and_seals_alike_each_time() {
        let mut rng = Script::endless();
        let (key, other) = (example_passkey(&mut rng).large_blob_key(), example_passkey(&mut rng).large_blob_key());
        let blob = LargeBlob { size: 9, deflated: Zeroizing::new(vec![1, 2, 3]) };
        let sealed = blob.seal(&key).unwrap();
        assert_eq!(sealed, blob.seal(&key).unwrap());
        let read = SealedBlob::of(sealed.clone()).unwrap();
        assert_eq!(LargeBlob::open(&read, &key), Some(blob.clone()));
        assert_eq!(LargeBlob::open(&read, &other), None);
        let resized = SealedBlob { size: 10, ..read };
        assert_eq!(LargeBlob::open(&resized, &key), None);
        let longer = LargeBlob { size: 10, ..blob };
        assert_ne!(longer.seal(&key).unwrap(), sealed);
    }
}
