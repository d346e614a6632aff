//! Item envelopes: a fresh data key for every encryption, wrapped under a key of the item and epoch, with a commitment
//! that ties the ciphertext to one key.

use keyfold_wire::{AccountId, ItemId, v1};
use prost::Message;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    EpochKey, Hash, Namespace, SUITE, Unopenable, aead,
    committed::CommittedKey,
    exact::{self, Malformed},
    hash, kdf, padding, random,
    secret::secret,
};

/// The most bytes that an envelope may have.
pub const MAX_LEN: usize = 66_560;
/// The fewest: every field of its length, the numbers of one byte or left out, the smallest bucket.
pub const MIN_LEN: usize = 397;
/// The most bytes of content that an envelope may hold.
pub const MAX_CONTENT: usize = padding::MAX_CONTENT;

const NONCE_LEN: usize = 12;
const WRAPPED_LEN: usize = 48;
const TAG_LEN: usize = 16;
/// The data key is used for one plaintext only, so its nonce can stand still.
const CONTENT_NONCE: [u8; NONCE_LEN] = [0; NONCE_LEN];

secret!(
    /// The key of one plaintext.
    DataKey,
    32
);

/// Where an envelope belongs: the associated data of both of its layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The account.
    pub account: AccountId,
    /// The item.
    pub item: ItemId,
    /// The item's revision, from 1.
    pub revision: u64,
    /// The epoch whose key wraps the data key.
    pub epoch: u64,
    /// The commit's time, Unix milliseconds.
    pub at: u64,
}

/// An envelope whose form is checked; what it holds is not yet opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    context: Context,
    hash: Hash,
    sealed: Sealed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sealed {
    wrap_nonce: [u8; NONCE_LEN],
    wrapped_key: Vec<u8>,
    commitment: [u8; 32],
    ciphertext: Vec<u8>,
}

/// Why content cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More than [`MAX_CONTENT`] bytes.
    #[error("an item holds at most 65,532 bytes")]
    TooLarge,
}

/// Why bytes are not an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not the canonical form, or too long.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Not the suite of this version.
    #[error("an envelope of suite {0}, which this version does not know")]
    UnknownSuite(u32),
    /// A field of another length than the suite's.
    #[error("an envelope with a field of the wrong length")]
    Field,
}

/// Seals content as an envelope, with a data key that no other encryption uses.
///
/// # Errors
/// [`SealError::TooLarge`].
pub fn seal(
    epoch_key: &EpochKey,
    context: &Context,
    content: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let padded = padding::pad(content)?;
    let data_key = DataKey::generate(rng);
    let wrap_nonce: [u8; NONCE_LEN] = random::bytes(rng);
    let aad = context.bytes();
    let content_key = CommittedKey::derive(data_key.expose(), Namespace::ItemContent, &aad);
    let envelope = v1::Envelope {
        suite: SUITE,
        item: context.item.to_vec(),
        revision: context.revision,
        epoch: context.epoch,
        at: context.at,
        wrap_nonce: wrap_nonce.to_vec(),
        wrapped_key: aead::seal(&context.item_key(epoch_key), &wrap_nonce, &aad, data_key.expose()),
        commitment: content_key.commitment().to_vec(),
        ciphertext: content_key.seal(&CONTENT_NONCE, &aad, &padded),
    };
    Ok(envelope.encode_to_vec())
}

/// The hash of an envelope's bytes, as a commit names it.
#[must_use]
pub fn envelope_hash(bytes: &[u8]) -> Hash {
    hash(Namespace::Envelope, bytes)
}

impl Envelope {
    /// Checks the form of an envelope of `account`.
    ///
    /// # Errors
    /// [`EnvelopeError`]; a suite that is unknown or absent is one.
    pub fn parse(account: AccountId, bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let message: v1::Envelope = exact::decode_public(bytes, MAX_LEN)?;
        if message.suite != SUITE {
            return Err(EnvelopeError::UnknownSuite(message.suite));
        }
        let context = Context {
            account,
            item: message.item.as_slice().try_into().map_err(|_| EnvelopeError::Field)?,
            revision: message.revision,
            epoch: message.epoch,
            at: message.at,
        };
        if message.wrapped_key.len() != WRAPPED_LEN
            || !padding::is_bucket(message.ciphertext.len().saturating_sub(TAG_LEN))
        {
            return Err(EnvelopeError::Field);
        }
        let sealed = Sealed {
            wrap_nonce: message.wrap_nonce.try_into().map_err(|_| EnvelopeError::Field)?,
            wrapped_key: message.wrapped_key,
            commitment: message.commitment.try_into().map_err(|_| EnvelopeError::Field)?,
            ciphertext: message.ciphertext,
        };
        Ok(Self { context, hash: envelope_hash(bytes), sealed })
    }

    /// What the envelope says of itself; opening proves it.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// The hash of the bytes that it was parsed from.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The content.
    ///
    /// # Errors
    /// [`Unopenable`]: another epoch key, another place, or changed bytes. Which of them is not said.
    pub fn open(&self, epoch_key: &EpochKey) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
        let aad = self.context.bytes();
        let item_key = self.context.item_key(epoch_key);
        let data_key = aead::open(&item_key, &self.sealed.wrap_nonce, &aad, &self.sealed.wrapped_key)?;
        let data_key = DataKey::try_from(data_key.as_slice())?;
        let content_key = CommittedKey::derive(data_key.expose(), Namespace::ItemContent, &aad);
        let padded = content_key.open(&self.sealed.commitment, &CONTENT_NONCE, &aad, &self.sealed.ciphertext)?;
        padding::unpad(padded)
    }
}

impl Context {
    /// `suite (4) ‖ account (16) ‖ item (16) ‖ revision (8) ‖ epoch (8) ‖ at (8)`, big-endian: 60 bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(60);
        bytes.extend_from_slice(&SUITE.to_be_bytes());
        bytes.extend_from_slice(self.account.as_bytes());
        bytes.extend_from_slice(self.item.as_bytes());
        for number in [self.revision, self.epoch, self.at] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    fn item_key(&self, epoch_key: &EpochKey) -> Zeroizing<[u8; 32]> {
        kdf::derive(epoch_key.expose(), self.account.as_bytes(), Namespace::ItemKek, &[self.item.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_envelope_is_shorter_than_the_shortest() {
        let mut rng = random::system();
        let key = EpochKey::generate(&mut rng);
        let (account, item) = (AccountId::new([1; 16]), ItemId::new([2; 16]));
        let context = Context { account, item, revision: 1, epoch: 1, at: 0 };
        let shortest = seal(&key, &context, b"", &mut rng).unwrap();
        assert_eq!(shortest.len(), MIN_LEN);
        assert!(Envelope::parse(account, &shortest).unwrap().open(&key).unwrap().is_empty());
    }
}
