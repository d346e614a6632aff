//! A device's secrets under a key that the system's keyring keeps: AES-256-GCM with a key commitment.

use keyfold_wire::{AccountId, MemberId, v1::KeyringSecrets};
use prost::Message;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    Namespace, SUITE, Unopenable,
    committed::CommittedKey,
    exact::{self, Malformed},
    random,
    secret::secret,
};

secret!(
    /// What a keyring keeps for a device. Drawn by one [`seal`], which is all that it opens; without that it is worth
    /// nothing.
    KeyringKey,
    32
);

/// Whose secrets they are. Bound to the seal, so that they open as nobody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The account that the device is in.
    pub account: AccountId,
    /// The device.
    pub device: MemberId,
}

/// Why secrets that are sealed for a keyring do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringKeyError {
    /// The key is another seal's, the secrets are another device's, or the bytes were changed.
    #[error("the key does not open this device's secrets")]
    WrongKey,
    /// Not secrets that were sealed for a keyring.
    #[error("the secrets that were sealed for the keyring are damaged: {0}")]
    Malformed(#[from] Malformed),
    /// Another suite, or another form of key.
    #[error("the secrets that were sealed for the keyring are of another version than this one's: refused")]
    Form,
}

/// Seals `content` under a new key, as the bytes of `KeyringSecrets`. The key is for the keyring alone.
pub fn seal(owner: &Owner, content: &[u8], rng: &mut impl CryptoRng) -> (KeyringKey, Vec<u8>) {
    let key = KeyringKey::generate(rng);
    let nonce: [u8; NONCE_LEN] = random::bytes(rng);
    let header = owner.header();
    let committed = CommittedKey::derive(key.expose(), Namespace::KeyringKey, &header);
    let sealed = KeyringSecrets {
        suite: SUITE,
        key_form: KEY_FORM,
        nonce: nonce.to_vec(),
        commitment: committed.commitment().to_vec(),
        ciphertext: committed.seal(&nonce, &header, content),
    };
    (key, sealed.encode_to_vec())
}

/// Opens what [`seal`] made for the same owner.
///
/// # Errors
/// [`KeyringKeyError`].
pub fn open(key: &KeyringKey, owner: &Owner, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringKeyError> {
    let sealed: KeyringSecrets = exact::decode(sealed, MAX_LEN)?;
    if (sealed.suite, sealed.key_form) != (SUITE, KEY_FORM) {
        return Err(KeyringKeyError::Form);
    }
    let nonce: [u8; NONCE_LEN] = sealed.nonce.try_into().map_err(|_| Malformed::NotCanonical)?;
    let header = owner.header();
    CommittedKey::derive(key.expose(), Namespace::KeyringKey, &header)
        .open(&sealed.commitment, &nonce, &header, &sealed.ciphertext)
        .map_err(|Unopenable| KeyringKeyError::WrongKey)
}

impl Owner {
    /// `suite ‖ form of key` (4 bytes each, big-endian) `‖ account (16) ‖ device (16)`.
    fn header(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = [SUITE, KEY_FORM].iter().flat_map(|number| number.to_be_bytes()).collect();
        bytes.extend_from_slice(self.account.as_bytes());
        bytes.extend_from_slice(self.device.as_bytes());
        bytes
    }
}

/// The most bytes that secrets sealed for a keyring may have.
pub const MAX_LEN: usize = 8 * 1024;

/// 32 random bytes.
const KEY_FORM: u32 = 1;
const NONCE_LEN: usize = 12;
