use std::{collections::BTreeMap, sync::Arc};

use keyfold_wire::ItemId;

use crate::{
    Body, Commit, CommitError, Element, Elements, Entry, Roster, RosterError, Transcript, Vault, vault::Pushed,
};

/// Both chains of an account, held against each other: an entry names the vault's head, a commit the roster's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Shared: every commit makes a new state, and few change the roster.
    roster: Arc<Roster>,
    vault: Vault,
}

/// Which rule does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// A rule of the roster.
    #[error("roster: {0}")]
    Roster(#[from] RosterError),
    /// A rule of the vault.
    #[error("vault: {0}")]
    Vault(#[from] CommitError),
    /// An entry that names another vault head than the vault's.
    #[error("roster: the entry names another vault head than the one it was made at")]
    VaultHead,
    /// The snapshot does not begin at the entry by which this device joined.
    #[error("roster: the device's own entry is missing")]
    NoSnapshotEntry,
}

impl Account {
    /// The account of a genesis and its first rotation.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn found(genesis: &Entry, rotation: &Entry) -> Result<Self, AccountError> {
        let roster = Roster::genesis(genesis)?;
        let vault = Vault::empty(roster.account());
        Self::from_verified(roster, vault).append(rotation)
    }

    /// Both chains as they were verified before.
    #[must_use]
    pub fn from_verified(roster: Roster, vault: Vault) -> Self {
        Self { roster: Arc::new(roster), vault }
    }

    /// What a device that was just enrolled begins with: the whole roster up to its own AddDevice, and the vault at the
    /// commit that its approver signed into it, with all elements.
    ///
    /// `entries` run from the genesis to the AddDevice of a transcript whose exact bytes are `transcript`. `commit` is
    /// `None` where the vault was empty.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn from_enrolment(
        entries: &[Entry],
        transcript: &[u8],
        commit: Option<&Commit>,
        elements: &BTreeMap<ItemId, Element>,
    ) -> Result<Self, AccountError> {
        let (genesis, rest) = entries.split_first().ok_or(RosterError::NotGenesis)?;
        let roster = rest.iter().try_fold(Roster::genesis(genesis)?, |roster, entry| roster.append(entry))?;
        let joined = entries.last().is_some_and(|entry| {
            matches!(entry.body(), Body::AddDevice(add)
                if add.transcript_bytes == transcript && matches!(add.transcript, Transcript::Enrolment { .. }))
        });
        if !joined {
            return Err(AccountError::NoSnapshotEntry);
        }
        let vault = match commit {
            Some(commit) => Vault::from_snapshot(roster.account(), &roster.vault_head(), commit, elements)?,
            None => Vault::empty(roster.account()),
        };
        if vault.head() != roster.vault_head() || (commit.is_none() && !elements.is_empty()) {
            return Err(AccountError::VaultHead);
        }
        Ok(Self::from_verified(roster, vault))
    }

    /// Takes the next roster entry.
    ///
    /// # Errors
    /// [`AccountError`]; nothing has changed.
    pub fn append(&self, entry: &Entry) -> Result<Self, AccountError> {
        let roster = self.roster.append(entry)?;
        if entry.vault_head() != self.vault.head() {
            return Err(AccountError::VaultHead);
        }
        Ok(Self::from_verified(roster, self.vault.clone()))
    }

    /// Takes the next commit; gives the elements that it wrote.
    ///
    /// # Errors
    /// [`AccountError`]; nothing has changed.
    pub fn push(&self, commit: &Commit, elements: &impl Elements) -> Result<(Self, Vec<Element>), AccountError> {
        let Pushed { vault, elements } = self.vault.push(&self.roster, commit, elements)?;
        Ok((Self { roster: Arc::clone(&self.roster), vault }, elements))
    }

    /// Takes everything that came after this state, in the one order that the chains allow: an entry as soon as the vault
    /// stands where the entry says, a commit otherwise. `elements` follow.
    ///
    /// # Errors
    /// [`AccountError`]; `elements` are then of no use.
    pub fn extend(
        self,
        entries: &[Entry],
        commits: &[Commit],
        elements: &mut BTreeMap<ItemId, Element>,
    ) -> Result<Self, AccountError> {
        let mut account = self;
        let (mut entries, mut commits) = (entries.iter().peekable(), commits.iter());
        loop {
            if let Some(entry) = entries.next_if(|entry| entry.vault_head() == account.vault.head()) {
                account = account.append(entry)?;
            } else if let Some(commit) = commits.next() {
                let (next, written) = account.push(commit, elements)?;
                elements.extend(written.into_iter().map(|element| (element.item, element)));
                account = next;
            } else if entries.peek().is_some() {
                return Err(AccountError::VaultHead);
            } else {
                return Ok(account);
            }
        }
    }

    /// Its members.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Its items.
    #[must_use]
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }
}
