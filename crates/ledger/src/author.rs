//! What a device writes: founding an account, rotating to a new epoch key, adding a device.

use keyfold_crypto::{
    EpochKey, Hash, MemberKeys, SUITE, SigningKey, VerifyingKey, WrappingKey,
    epoch::{Epochs, SealContext, link_hash, sealed_hash},
    random,
};
use keyfold_wire::{AccountId, MemberId, v1};
use rand_core::CryptoRng;
use v1::roster_entry::Body;

use crate::{Entry, EntryError, Roster, vault_zero};

/// A device's own keys.
#[derive(Debug)]
pub struct Author {
    /// Signs entries, commits and sessions.
    pub signing: SigningKey,
    /// Opens sealed epoch keys.
    pub wrapping: WrappingKey,
}

/// A new account, ready to be sent.
#[derive(Debug)]
pub struct Founded {
    /// Seq 0.
    pub genesis: Entry,
    /// Seq 1: the rotation to epoch 1.
    pub rotation: Entry,
    /// Epoch 1's key.
    pub epoch_key: EpochKey,
    /// That key sealed to the first device.
    pub sealed_key: v1::SealedKey,
}

/// A rotation and what travels beside its entry.
#[derive(Debug)]
pub struct Rotated {
    /// What the entry says.
    pub rotate: v1::Rotate,
    /// The new key sealed to each member.
    pub sealed_keys: Vec<v1::SealedKey>,
    /// Earlier keys sealed under the new one.
    pub links: Vec<v1::EpochLink>,
    /// The new key.
    pub epoch_key: EpochKey,
}

/// An entry that says where it stands; its author signs it.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Position.
    pub seq: u64,
    /// The hash of the entry before.
    pub prev: Hash,
    /// Unix milliseconds.
    pub at: u64,
    /// The vault's head.
    pub vault_head: Hash,
}

/// Founds an account on a device's keys.
///
/// # Errors
/// [`EntryError`] for a description that cannot stand.
pub fn found(
    device: &Author,
    description: &v1::DeviceDescription,
    log_key: &VerifyingKey,
    at: u64,
    rng: &mut impl CryptoRng,
) -> Result<Founded, EntryError> {
    let genesis = v1::Genesis {
        random: random::bytes::<32>(rng).to_vec(),
        device: Some(device.keys().to_wire()),
        description: Some(description.clone()),
        log_key: log_key.as_bytes().to_vec(),
    };
    let first = Place { seq: 0, prev: Hash::ZERO, at, vault_head: Hash::ZERO };
    let genesis = device.sign(&first, Body::Genesis(genesis))?;
    let account = genesis.account_id();
    let second = Place { seq: 1, prev: genesis.hash(), at, vault_head: vault_zero(&account) };
    let recipients = [(device.keys().id(), device.keys())];
    let rotated = Rotation { account, prev: genesis.hash(), epoch: 1, earlier: &[] }.to(&recipients, rng);
    let rotation = device.sign(&second, Body::Rotate(rotated.rotate))?;
    let sealed_key = rotated.sealed_keys.into_iter().next().ok_or(EntryError::Missing("sealed"))?;
    Ok(Founded { genesis, rotation, epoch_key: rotated.epoch_key, sealed_key })
}

/// A rotation to be made: a fresh epoch key for every attempt.
#[derive(Debug, Clone, Copy)]
pub struct Rotation<'a> {
    /// The account.
    pub account: AccountId,
    /// `prev` of the entry that will carry it.
    pub prev: Hash,
    /// The new epoch.
    pub epoch: u64,
    /// The earlier epochs' keys that it links, ascending.
    pub earlier: &'a [(u64, &'a EpochKey)],
}

impl Rotation<'_> {
    /// Draws the key and seals it to these members, ascending by id.
    pub fn to(&self, members: &[(MemberId, MemberKeys)], rng: &mut impl CryptoRng) -> Rotated {
        let epoch_key = EpochKey::generate(rng);
        let sealed_keys: Vec<v1::SealedKey> = members
            .iter()
            .map(|(member, keys)| {
                let context =
                    SealContext { account: self.account, epoch: self.epoch, member: *member, prev: self.prev };
                v1::SealedKey { member: member.to_vec(), sealed: epoch_key.seal(keys.wrapping(), &context, rng) }
            })
            .collect();
        let links: Vec<v1::EpochLink> = self
            .earlier
            .iter()
            .map(|(earlier, key)| {
                let epochs = Epochs { epoch: self.epoch, earlier: *earlier };
                v1::EpochLink { epoch: *earlier, sealed: epoch_key.link(&self.account, epochs, key, rng) }
            })
            .collect();
        let rotate = v1::Rotate {
            epoch: self.epoch,
            commitment: epoch_key.commitment(&self.account, self.epoch).to_vec(),
            sealed: sealed_keys
                .iter()
                .map(|key| v1::SealedKeyHash { member: key.member.clone(), hash: sealed_hash(&key.sealed).to_vec() })
                .collect(),
            links: links
                .iter()
                .map(|link| v1::LinkHash { epoch: link.epoch, hash: link_hash(&link.sealed).to_vec() })
                .collect(),
        };
        Rotated { rotate, sealed_keys, links, epoch_key }
    }
}

impl Author {
    /// The public halves.
    #[must_use]
    pub fn keys(&self) -> MemberKeys {
        MemberKeys::of(&self.signing, &self.wrapping)
    }

    /// Signs an entry.
    ///
    /// # Errors
    /// [`EntryError`] for a body that is not of its form.
    pub fn sign(&self, place: &Place, body: Body) -> Result<Entry, EntryError> {
        let signed = self.signing.sign(&v1::RosterEntry {
            suite: SUITE,
            seq: place.seq,
            prev: place.prev.to_vec(),
            author: self.keys().id().to_vec(),
            at: place.at,
            vault_head: place.vault_head.to_vec(),
            body: Some(body),
        });
        Entry::parse(&signed)
    }
}

impl Roster {
    /// Where the next entry stands.
    #[must_use]
    pub fn next(&self, now: u64, vault_head: Hash) -> Place {
        Place { seq: self.seq() + 1, prev: self.head(), at: now.max(self.at()), vault_head }
    }
}
