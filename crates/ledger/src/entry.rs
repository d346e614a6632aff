use keyfold_crypto::{
    Hash, MemberKeysError, Namespace, SUITE, Signable, VerifyingKey,
    exact::{self, Malformed},
    hash,
    signing::{self, SignatureError},
};
use keyfold_wire::{AccountId, MemberId, v1};

use crate::{Body, DescriptionError, body::field};

/// An entry of the roster as its author made it: its form is checked, its signature and its right to stand are not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    signed: v1::Signed,
    hash: Hash,
    seq: u64,
    prev: Hash,
    author: MemberId,
    at: u64,
    vault_head: Hash,
    body: Body,
}

/// Why bytes are not a roster entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not the canonical form, or too long.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Not the suite of this version.
    #[error("suite {0}, which this version does not know")]
    UnknownSuite(u32),
    /// A field that must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field of another length than its type's.
    #[error("{0} is not of its type's length")]
    Length(&'static str),
    /// A list that must ascend does not, or is empty.
    #[error("a list is empty or does not ascend")]
    Order,
    /// A list beyond its bound.
    #[error("a list is longer than its bound")]
    TooMany,
    /// A recovery delay of more than 30 days.
    #[error("a recovery waits at most 30 days")]
    Delay,
    /// Keys that are not keys.
    #[error(transparent)]
    Keys(#[from] MemberKeysError),
    /// A name that people would read wrongly.
    #[error(transparent)]
    Description(#[from] DescriptionError),
}

impl Entry {
    /// Checks the form of an entry.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn parse(signed: &v1::Signed) -> Result<Self, EntryError> {
        let entry: v1::RosterEntry = exact::decode_public(&signed.body, v1::RosterEntry::MAX_LEN)?;
        check_suite(entry.suite)?;
        Ok(Self {
            hash: hash(Namespace::RosterEntry, &signed.body),
            seq: entry.seq,
            prev: field("prev", &entry.prev)?,
            author: field("author", &entry.author)?,
            at: entry.at,
            vault_head: field("vault_head", &entry.vault_head)?,
            body: entry.body.as_ref().ok_or(EntryError::Missing("body"))?.try_into()?,
            signed: signed.clone(),
        })
    }

    /// The exact bytes and their signature, to be stored and sent on as they are.
    #[must_use]
    pub const fn signed(&self) -> &v1::Signed {
        &self.signed
    }

    /// The hash of the unsigned bytes: the roster's head once this entry stands.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// For a genesis: `H(account-id, bytes)[..16]`.
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        AccountId::new(hash(Namespace::AccountId, &self.signed.body).first_16())
    }

    /// Position in the roster, from 0.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The hash of the entry before.
    #[must_use]
    pub const fn prev(&self) -> Hash {
        self.prev
    }

    /// Who says it signed.
    #[must_use]
    pub const fn author(&self) -> MemberId {
        self.author
    }

    /// Unix milliseconds.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The vault's head at this entry.
    #[must_use]
    pub const fn vault_head(&self) -> Hash {
        self.vault_head
    }

    /// What it says.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// The rotation that it carries, alone or with a removal.
    #[must_use]
    pub const fn rotation(&self) -> Option<&crate::Rotation> {
        match &self.body {
            Body::Rotate(rotation) => Some(rotation),
            Body::Remove(remove) => Some(&remove.rotation),
            _ => None,
        }
    }

    /// The hash of the epoch key that this entry has sealed for a member.
    #[must_use]
    pub fn sealed_key_for(&self, member: &MemberId) -> Option<Hash> {
        match &self.body {
            Body::AddDevice(add) if add.transcript.device().id() == *member => Some(add.sealed_key),
            Body::AddRecovery(add) if add.member.keys.id() == *member => Some(add.sealed_key),
            _ => self.rotation()?.sealed.iter().find(|(sealed_to, _)| sealed_to == member).map(|(_, hash)| *hash),
        }
    }

    /// How many sealed keys travel beside this entry.
    #[must_use]
    pub fn sealed_keys(&self) -> Vec<(MemberId, Hash)> {
        match &self.body {
            Body::AddDevice(add) => vec![(add.transcript.device().id(), add.sealed_key)],
            Body::AddRecovery(add) => vec![(add.member.keys.id(), add.sealed_key)],
            _ => self.rotation().map(|rotation| rotation.sealed.clone()).unwrap_or_default(),
        }
    }

    /// Holds the signature against a key, and nothing else against anything.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), SignatureError> {
        signing::verify_bytes::<v1::RosterEntry>(key, &self.signed.body, &self.signed.signature)
    }
}

pub(crate) const fn check_suite(suite: u32) -> Result<(), EntryError> {
    if suite == SUITE { Ok(()) } else { Err(EntryError::UnknownSuite(suite)) }
}
