use keyfold_crypto::{Hash, Namespace, Signable, exact, hash};
use keyfold_wire::{ItemId, MemberId, v1};

use crate::{EntryError, MAX_CHANGES, body::field, entry::check_suite};

/// A commit as its author made it: its form is checked, its signature and its right to stand are not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub(crate) signed: v1::Signed,
    pub(crate) hash: Hash,
    pub(crate) seq: u64,
    pub(crate) prev: Hash,
    pub(crate) author: MemberId,
    pub(crate) at: u64,
    pub(crate) epoch: u64,
    pub(crate) roster_head: Hash,
    pub(crate) set_hash: Hash,
    pub(crate) count: u64,
    pub(crate) changes: Vec<Change>,
}

/// One item that a commit changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The item.
    pub item: ItemId,
    /// Its new revision.
    pub revision: u64,
    /// What it becomes.
    pub content: Content,
}

/// What an item becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// The envelope with this hash.
    Envelope(Hash),
    /// Purged.
    Tombstone,
}

impl Commit {
    /// Checks the form of a commit: bounds, lengths, and changes that ascend by item id.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn parse(signed: &v1::Signed) -> Result<Self, EntryError> {
        let commit: v1::Commit = exact::decode_public(&signed.body, v1::Commit::MAX_LEN)?;
        check_suite(commit.suite)?;
        if commit.changes.len() > MAX_CHANGES {
            return Err(EntryError::TooMany);
        }
        let changes: Vec<Change> = commit.changes.iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        if changes.is_empty() || !changes.is_sorted_by(|a, b| a.item < b.item) {
            return Err(EntryError::Order);
        }
        Ok(Self {
            signed: signed.clone(),
            hash: hash(Namespace::Commit, &signed.body),
            seq: commit.seq,
            prev: field("prev", &commit.prev)?,
            author: field("author", &commit.author)?,
            at: commit.at,
            epoch: commit.epoch,
            roster_head: field("roster_head", &commit.roster_head)?,
            set_hash: field("set_hash", &commit.set_hash)?,
            count: commit.count,
            changes,
        })
    }

    /// The exact bytes and their signature, to be stored and sent on as they are.
    #[must_use]
    pub const fn signed(&self) -> &v1::Signed {
        &self.signed
    }

    /// The hash of the unsigned bytes: the vault's head once this commit stands.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Position in the vault chain, from 1.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The hash of the commit before.
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

    /// The epoch that its envelopes are sealed under.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The roster entry that governs it.
    #[must_use]
    pub const fn roster_head(&self) -> Hash {
        self.roster_head
    }

    /// What it changes, ascending by item.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

impl Change {
    /// As a commit holds it.
    #[must_use]
    pub fn to_wire(&self) -> v1::Change {
        let content = match self.content {
            Content::Envelope(hash) => v1::change::Content::EnvelopeHash(hash.to_vec()),
            Content::Tombstone => v1::change::Content::Tombstone(true),
        };
        v1::Change { item: self.item.to_vec(), revision: self.revision, content: Some(content) }
    }
}

impl TryFrom<&v1::Change> for Change {
    type Error = EntryError;

    fn try_from(change: &v1::Change) -> Result<Self, EntryError> {
        let content = match change.content.as_ref().ok_or(EntryError::Missing("content"))? {
            v1::change::Content::EnvelopeHash(hash) => Content::Envelope(field("envelope_hash", hash)?),
            v1::change::Content::Tombstone(true) => Content::Tombstone,
            v1::change::Content::Tombstone(false) => return Err(EntryError::Missing("content")),
        };
        Ok(Self { item: field("item", &change.item)?, revision: change.revision, content })
    }
}
