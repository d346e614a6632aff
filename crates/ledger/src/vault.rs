use std::collections::BTreeMap;

use keyfold_crypto::{
    Hash, Namespace, hash,
    signing::{self, SignatureError},
};
use keyfold_wire::{AccountId, ItemId, MemberId, v1};

use crate::{Change, Commit, Content, Element, Elements, EntryError, MAX_CHANGES, MAX_ITEMS, Roster, SetState};

/// The vault chain at a head: what the next commit is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vault {
    account: AccountId,
    parts: VaultParts,
}

/// What a vault is besides its account: what storage keeps of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultParts {
    /// The latest commit's position; 0 before the first.
    pub seq: u64,
    /// The latest commit's hash; the vault-zero hash before the first.
    pub head: Hash,
    /// The latest commit's time, Unix milliseconds; 0 before the first.
    pub at: u64,
    /// Items that are not tombstones.
    pub count: u64,
    /// The state of the set hash.
    pub set: SetState,
}

/// A commit that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The vault after it.
    pub vault: Vault,
    /// The elements that it wrote, ascending by item.
    pub elements: Vec<Element>,
}

/// Which rule a commit breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// It does not follow the head: another commit came first, or history was changed.
    #[error("the commit does not follow the vault's head")]
    NotNext,
    /// It names another roster entry than the latest.
    #[error("the commit names another roster entry than the one in force")]
    WrongRoster,
    /// Its author is not an active device.
    #[error("the commit's author is not an active device of the account")]
    NotADevice(MemberId),
    /// Its author came by recovery and must first remove the recovery member that was used.
    #[error("the recovered device has not yet replaced the recovery code")]
    RecoveryUnfinished,
    /// Its signature is not its author's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Its epoch is not the current one.
    #[error("the commit is of epoch {named}, the account is at {current}")]
    StaleEpoch {
        /// The commit's.
        named: u64,
        /// The roster's.
        current: u64,
    },
    /// Its time is before the commit before it.
    #[error("the commit's time is before that of the commit before it")]
    TimeGoesBack,
    /// A revision is not the stored one + 1.
    #[error("revision {named} of an item whose next revision is {next}")]
    Revision {
        /// The commit's.
        named: u64,
        /// The one that follows the stored revision.
        next: u64,
    },
    /// The item is purged, or was never there to purge.
    #[error("a purged item takes no further revision, and only an item that is there can be purged")]
    Tombstone,
    /// Its digest is not that of the items after it.
    #[error("the commit's set hash is not that of the items after it")]
    SetHash,
    /// Its count is not that of the items after it.
    #[error("the commit's count is not that of the items after it")]
    Count,
    /// More items than an account may hold.
    #[error("an account holds at most 200,000 items")]
    TooManyItems,
    /// A list of changes that is empty, too long or does not ascend.
    #[error(transparent)]
    Form(#[from] EntryError),
    /// A snapshot's items are not those of the commit that it is for.
    #[error("the snapshot's items are not those of its commit")]
    Snapshot,
}

/// The vault's head before commit 1: `H(vault-zero, account)`.
#[must_use]
pub fn vault_zero(account: &AccountId) -> Hash {
    hash(Namespace::VaultZero, account.as_bytes())
}

impl Vault {
    /// The vault before commit 1.
    #[must_use]
    pub fn empty(account: AccountId) -> Self {
        let parts = VaultParts { seq: 0, head: vault_zero(&account), at: 0, count: 0, set: SetState::empty() };
        Self { account, parts }
    }

    /// A vault that was verified before and stored since.
    #[must_use]
    pub const fn from_parts(account: AccountId, parts: VaultParts) -> Self {
        Self { account, parts }
    }

    /// The vault at a commit whose hash is known from elsewhere (an approver's signed entry), with all its elements.
    ///
    /// # Errors
    /// [`CommitError::NotNext`] for another commit, [`CommitError::Snapshot`] for other elements.
    pub fn from_snapshot(
        account: AccountId,
        head: &Hash,
        commit: &Commit,
        elements: &BTreeMap<ItemId, Element>,
    ) -> Result<Self, CommitError> {
        if commit.hash != *head {
            return Err(CommitError::NotNext);
        }
        // Each item once, or sums of repeated elements could be made to meet any digest.
        if elements.iter().any(|(item, element)| *item != element.item) {
            return Err(CommitError::Snapshot);
        }
        let set = SetState::of(elements.values());
        let live = elements.values().filter(|element| !element.is_tombstone()).count();
        if set.digest(&account) != commit.set_hash || u64::try_from(live) != Ok(commit.count) {
            return Err(CommitError::Snapshot);
        }
        let parts = VaultParts { seq: commit.seq, head: *head, at: commit.at, count: commit.count, set };
        Ok(Self { account, parts })
    }

    /// Holds a commit against this state and the roster in force, and gives the state after it.
    ///
    /// # Errors
    /// [`CommitError`]: the first rule that does not hold. Nothing has changed.
    pub fn push(&self, roster: &Roster, commit: &Commit, elements: &impl Elements) -> Result<Pushed, CommitError> {
        self.check_place(roster, commit)?;
        let author = roster.author(&commit.author).ok_or(CommitError::NotADevice(commit.author))?;
        if roster.must_replace_recovery(&commit.author).is_some() {
            return Err(CommitError::RecoveryUnfinished);
        }
        signing::verify_bytes::<v1::Commit>(author.signing(), &commit.signed.body, &commit.signed.signature)?;
        let (vault, written) = self.after(commit.seq, commit.hash, commit.at, &commit.changes, elements)?;
        if vault.parts.count != commit.count {
            return Err(CommitError::Count);
        }
        if vault.parts.set.digest(&self.account) != commit.set_hash {
            return Err(CommitError::SetHash);
        }
        Ok(Pushed { vault, elements: written })
    }

    /// The next commit with these changes, to be signed by `author`.
    ///
    /// # Errors
    /// [`CommitError`] for changes that could not stand.
    pub fn draft(
        &self,
        roster: &Roster,
        author: MemberId,
        at: u64,
        changes: &[Change],
        elements: &impl Elements,
    ) -> Result<v1::Commit, CommitError> {
        if changes.is_empty() || changes.len() > MAX_CHANGES || !changes.is_sorted_by(|a, b| a.item < b.item) {
            return Err(EntryError::Order.into());
        }
        let at = at.max(self.parts.at);
        let (after, _) = self.after(self.parts.seq + 1, Hash::ZERO, at, changes, elements)?;
        Ok(v1::Commit {
            suite: keyfold_crypto::SUITE,
            seq: after.parts.seq,
            prev: self.parts.head.to_vec(),
            author: author.to_vec(),
            at,
            epoch: roster.epoch().number,
            roster_head: roster.head().to_vec(),
            set_hash: after.parts.set.digest(&self.account).to_vec(),
            count: after.parts.count,
            changes: changes.iter().map(Change::to_wire).collect(),
        })
    }

    fn check_place(&self, roster: &Roster, commit: &Commit) -> Result<(), CommitError> {
        if Some(commit.seq) != self.parts.seq.checked_add(1) || commit.prev != self.parts.head {
            return Err(CommitError::NotNext);
        }
        if roster.account() != self.account || commit.roster_head != roster.head() {
            return Err(CommitError::WrongRoster);
        }
        let current = roster.epoch().number;
        // Before the first epoch there is no key to seal anything under.
        if current == 0 || commit.epoch != current {
            return Err(CommitError::StaleEpoch { named: commit.epoch, current });
        }
        if commit.at < self.parts.at {
            return Err(CommitError::TimeGoesBack);
        }
        Ok(())
    }

    fn after(
        &self,
        seq: u64,
        head: Hash,
        at: u64,
        changes: &[Change],
        elements: &impl Elements,
    ) -> Result<(Self, Vec<Element>), CommitError> {
        let mut parts = VaultParts { seq, head, at, ..self.parts.clone() };
        let mut written = Vec::with_capacity(changes.len());
        for change in changes {
            let stored = elements.element(&change.item);
            let element = change.over(stored)?;
            if let Some(stored) = stored {
                parts.set.subtract(&stored);
            }
            parts.set.add(&element);
            match (stored.is_some(), element.is_tombstone()) {
                (false, _) => parts.count += 1,
                (true, true) => parts.count = parts.count.checked_sub(1).ok_or(CommitError::Count)?,
                (true, false) => {}
            }
            written.push(element);
        }
        if parts.count > MAX_ITEMS {
            return Err(CommitError::TooManyItems);
        }
        Ok((Self { account: self.account, parts }, written))
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The latest commit's position; 0 before the first.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.parts.seq
    }

    /// The latest commit's hash; the vault-zero hash before the first.
    #[must_use]
    pub const fn head(&self) -> Hash {
        self.parts.head
    }

    /// The latest commit's time.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.parts.at
    }

    /// Items that are not tombstones.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.parts.count
    }

    /// What storage keeps.
    #[must_use]
    pub const fn parts(&self) -> &VaultParts {
        &self.parts
    }
}

impl Change {
    /// The element after this change of a stored one.
    fn over(&self, stored: Option<Element>) -> Result<Element, CommitError> {
        let next = match stored {
            None => 1,
            Some(stored) if stored.is_tombstone() => return Err(CommitError::Tombstone),
            Some(stored) => stored.revision.saturating_add(1),
        };
        if self.revision != next {
            return Err(CommitError::Revision { named: self.revision, next });
        }
        let envelope = match self.content {
            Content::Envelope(hash) => Some(hash),
            Content::Tombstone if stored.is_none() => return Err(CommitError::Tombstone),
            Content::Tombstone => None,
        };
        Ok(Element { item: self.item, revision: self.revision, envelope })
    }
}
