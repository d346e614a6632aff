use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Namespace, Unopenable, aead, kdf};

/// An AES-256 key and a commitment to it, both from one derivation. AES-GCM alone lets one ciphertext open under two
/// keys; held against the commitment first, it opens under one.
pub(crate) struct CommittedKey {
    encryption: Zeroizing<[u8; 32]>,
    commitment: [u8; 32],
}

impl CommittedKey {
    /// 64 derived bytes: the key ‖ the commitment.
    pub(crate) fn derive(ikm: &[u8], namespace: Namespace, context: &[u8]) -> Self {
        let both = kdf::derive::<64>(ikm, &[], namespace, &[context]);
        let mut keys = Self { encryption: Zeroizing::new([0; 32]), commitment: [0; 32] };
        let (encryption, commitment) = both.split_at(32);
        keys.encryption.copy_from_slice(encryption);
        keys.commitment.copy_from_slice(commitment);
        keys
    }

    pub(crate) const fn commitment(&self) -> &[u8; 32] {
        &self.commitment
    }

    pub(crate) fn seal(&self, nonce: &[u8; 12], aad: &[u8], msg: &[u8]) -> Vec<u8> {
        aead::seal(&self.encryption, nonce, aad, msg)
    }

    /// Compares the commitment in constant time before it opens.
    pub(crate) fn open(
        &self,
        commitment: &[u8],
        nonce: &[u8; 12],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
        if !bool::from(self.commitment.ct_eq(commitment)) {
            return Err(Unopenable);
        }
        aead::open(&self.encryption, nonce, aad, msg)
    }
}
