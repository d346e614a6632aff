use super::Pulls;
use crate::{
    AccountUnavailable, Caller,
    rosters::standing,
    storage::{Hash, Heads, Span, StorageError},
};

/// What the caller has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Nothing: the roster from its genesis, every commit, every item.
    Nothing,
    /// Both chains up to here.
    Heads {
        /// Seq of its latest roster entry.
        roster: u64,
        /// Seq of its latest commit.
        vault: u64,
        /// It fills in what it knows: see [`keyfold_ledger::brief`].
        brief: bool,
    },
    /// Nothing but trust in the roster entry with this seq, by which it was added: the vault begins at the commit that
    /// the entry names.
    AddedBy(u64),
}

/// Why a pull does not begin.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// There is no account.
    #[error(transparent)]
    Account(#[from] AccountUnavailable),
    /// The caller is not an active device.
    #[error("this device is not (or no longer) active in the account")]
    NotAMember,
    /// The roster has no entry with this seq.
    #[error("the roster has no entry {0}")]
    NoSuchEntry(u64),
    /// The database does not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What a pull streams, fixed when it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) entries: Span,
    /// Elements of all items after this span.
    pub(super) elements: Option<Span>,
    pub(super) commits: Span,
    /// Items changed in this span, each in its last revision.
    pub(super) envelopes: Span,
    /// Where the vault stands at its end.
    pub(super) vault_head: Hash,
    /// In the brief form, for who has the roster and the vault up to these.
    pub(super) brief_since: Option<(u64, u64)>,
}

impl Pulls {
    pub(super) async fn plan(&self, caller: &Caller, since: Since, heads: Heads) -> Result<Plan, PullError> {
        let after = |roster: u64, vault: u64| Plan {
            entries: Span { first: roster, last: heads.roster_seq },
            elements: None,
            commits: Span { first: vault, last: heads.vault_seq },
            envelopes: Span { first: vault, last: heads.vault_seq },
            vault_head: heads.vault_head,
            brief_since: None,
        };
        match since {
            Since::Nothing => Ok(after(0, 1)),
            Since::Heads { roster, vault, brief } => {
                let plan = after(roster.saturating_add(1), vault.saturating_add(1));
                Ok(Plan { brief_since: brief.then_some((roster, vault)), ..plan })
            }
            Since::AddedBy(seq) => {
                let Some(entry) = self.storage.entry(caller.account, seq).await? else {
                    standing(self.storage.as_ref(), caller.account).await?;
                    return Err(PullError::NoSuchEntry(seq));
                };
                let everything = after(0, 1);
                if entry.vault_seq == 0 {
                    return Ok(everything);
                }
                Ok(Plan {
                    elements: Some(Span { first: 1, last: entry.vault_seq }),
                    commits: Span { first: entry.vault_seq, last: heads.vault_seq },
                    ..everything
                })
            }
        }
    }
}
