//! Epoch keys: what every item of an epoch is wrapped under, sealed to each member, linked to the epochs before.

use keyfold_wire::{AccountId, MemberId};
use rand_core::CryptoRng;

use crate::{Hash, Namespace, Unopenable, WrappingKey, WrappingPublicKey, aead, hash, kdf, random, secret::secret};

/// A sealed epoch key: encapsulated key 1,120 bytes ‖ ciphertext 32 bytes ‖ tag 16 bytes.
pub const SEALED_LEN: usize = 1168;
/// A link: nonce 12 bytes ‖ ciphertext 32 bytes ‖ tag 16 bytes.
pub const LINK_LEN: usize = 60;

secret!(
    /// The key of an epoch, 32 random bytes, fresh for every attempt at a rotation.
    EpochKey,
    32
);

/// What a sealed epoch key is for; bound as HPKE `info`, so it opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealContext {
    /// The account.
    pub account: AccountId,
    /// The epoch of the key.
    pub epoch: u64,
    /// Whom it is sealed to.
    pub member: MemberId,
    /// `prev` of the roster entry that carries the sealed key's hash.
    pub prev: Hash,
}

/// The hash of a sealed epoch key, as a roster entry names it.
#[must_use]
pub fn sealed_hash(sealed: &[u8]) -> Hash {
    hash(Namespace::SealedEpochKey, sealed)
}

/// The hash of a link, as a roster entry names it.
#[must_use]
pub fn link_hash(link: &[u8]) -> Hash {
    hash(Namespace::EpochLink, link)
}

impl EpochKey {
    /// `HKDF(EK, salt = account, epoch-commitment ‖ epoch)`: what the signed entry says of the key.
    #[must_use]
    pub fn commitment(&self, account: &AccountId, epoch: u64) -> Hash {
        let commitment =
            kdf::derive::<32>(self.expose(), account.as_bytes(), Namespace::EpochCommitment, &[&epoch.to_be_bytes()]);
        Hash::new(*commitment)
    }

    /// Seals the key to a member: [`SEALED_LEN`] bytes.
    pub fn seal(&self, to: &WrappingPublicKey, context: &SealContext, rng: &mut impl CryptoRng) -> Vec<u8> {
        to.seal(&context.info(), self.expose(), rng)
    }

    /// Opens a sealed key and holds it against the commitment of the signed entry.
    ///
    /// # Errors
    /// [`Unopenable`] for another member, context or commitment, or changed bytes.
    pub fn open(
        key: &WrappingKey,
        context: &SealContext,
        commitment: &Hash,
        sealed: &[u8],
    ) -> Result<Self, Unopenable> {
        let opened = Self::try_from(key.open(&context.info(), sealed)?.as_slice())?;
        opened.held_against(commitment, &context.account, context.epoch)
    }

    /// Seals an earlier epoch's key under this one: [`LINK_LEN`] bytes.
    pub fn link(&self, account: &AccountId, epochs: Epochs, earlier: &Self, rng: &mut impl CryptoRng) -> Vec<u8> {
        let nonce: [u8; 12] = random::bytes(rng);
        let mut link = nonce.to_vec();
        link.extend_from_slice(&aead::seal(&self.link_key(account), &nonce, &epochs.aad(account), earlier.expose()));
        link
    }

    /// Opens a link to an earlier epoch's key and holds it against that epoch's commitment.
    ///
    /// # Errors
    /// [`Unopenable`] for another account, epoch or commitment, or changed bytes.
    pub fn open_link(
        &self,
        account: &AccountId,
        epochs: Epochs,
        commitment: &Hash,
        link: &[u8],
    ) -> Result<Self, Unopenable> {
        let (nonce, ciphertext) = link.split_first_chunk().ok_or(Unopenable)?;
        let opened = aead::open(&self.link_key(account), nonce, &epochs.aad(account), ciphertext)?;
        Self::try_from(opened.as_slice())?.held_against(commitment, account, epochs.earlier)
    }

    fn link_key(&self, account: &AccountId) -> zeroize::Zeroizing<[u8; 32]> {
        kdf::derive(self.expose(), account.as_bytes(), Namespace::EpochLinkKey, &[])
    }

    fn held_against(self, commitment: &Hash, account: &AccountId, epoch: u64) -> Result<Self, Unopenable> {
        if self.commitment(account, epoch) == *commitment { Ok(self) } else { Err(Unopenable) }
    }
}

/// Which epoch's key a link seals, and under which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epochs {
    /// The epoch of the key that seals.
    pub epoch: u64,
    /// The epoch of the key that is sealed.
    pub earlier: u64,
}

impl Epochs {
    fn aad(self, account: &AccountId) -> Vec<u8> {
        Namespace::EpochLink.input(&[account.as_bytes(), &self.epoch.to_be_bytes(), &self.earlier.to_be_bytes()])
    }
}

impl SealContext {
    /// `len ‖ namespace ‖ account (16) ‖ epoch (8) ‖ member (16) ‖ prev (32)`.
    #[must_use]
    pub fn info(&self) -> Vec<u8> {
        Namespace::SealedEpochKey.input(&[
            self.account.as_bytes(),
            &self.epoch.to_be_bytes(),
            self.member.as_bytes(),
            self.prev.as_bytes(),
        ])
    }
}
