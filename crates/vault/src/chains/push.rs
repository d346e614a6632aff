use std::collections::BTreeMap;

use keyfold_crypto::envelope::{self, envelope_hash};
use keyfold_ledger::{Commit, CommitError, Content, Element, EntryError, MAX_AHEAD, Pushed, Roster, Vault, VaultParts};
use keyfold_wire::{
    ItemId,
    v1::{Accepted, Push},
};

use super::{Behind, Chains, NotItsTurn, Stale};
use crate::{
    AccountUnavailable, Caller, LimitError,
    clock::DAY,
    quota,
    storage::{Aim, Change, Heads, PushBase, PushWrite, StorageError, Written},
};

/// Why a commit is not accepted. Nothing was written, unless storage gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Not a commit.
    #[error(transparent)]
    Form(#[from] EntryError),
    /// The envelopes are not exactly those that the commit names, in its order.
    #[error("the envelopes are not exactly those that the commit names, in its order")]
    Envelopes,
    /// Too few bytes for an envelope.
    #[error("an envelope has at least {} bytes", envelope::MIN_LEN)]
    ShortEnvelope,
    /// Another write came first.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// Another device has its turn to write.
    #[error(transparent)]
    NotItsTurn(#[from] NotItsTurn),
    /// The account waits for what its devices hold beyond the server.
    #[error(transparent)]
    Behind(#[from] Behind),
    /// The caller is not an active device.
    #[error("this device is not (or no longer) active in the account")]
    NotAMember,
    /// The commit is another device's.
    #[error("a device pushes only commits that it has authored itself")]
    OtherAuthor,
    /// A rule of the vault does not hold.
    #[error(transparent)]
    Rule(CommitError),
    /// `at` goes back, or is too far ahead.
    #[error("the commit's time is before the one before it, or more than five minutes ahead of the server")]
    BadTime,
    /// The push or the account is too large.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// There is no account.
    #[error(transparent)]
    Account(#[from] AccountUnavailable),
    /// Nothing can be said of the outcome, but repeating is safe.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Chains {
    /// Accepts a commit with its envelopes, durably. The same commit again gets the same answer.
    ///
    /// # Errors
    /// [`PushError`].
    pub async fn push(&self, caller: &Caller, message: Push) -> Result<Accepted, PushError> {
        let commit = Commit::parse(message.commit.as_ref().ok_or(EntryError::Missing("commit"))?)?;
        self.check_size(&commit, &message.envelopes)?;
        let items: Vec<ItemId> = commit.changes().iter().map(|change| change.item).collect();
        let base = self.base(caller.account, &items).await?;
        let roster = self.rosters.at(caller.account, &base.heads).await?;
        roster.device(&caller.device).ok_or(PushError::NotAMember)?;
        if let Some(answer) = self.pushed_before(caller, &commit, &base.heads).await? {
            return Ok(answer);
        }
        if base.behind {
            return Err(self.behind(caller.account, &base.heads).into());
        }
        self.check_turn(caller, &base, &roster, Aim::Other)?;
        if commit.prev() != base.heads.vault_head || commit.roster_head() != base.heads.roster_head {
            return Err(self.stale(caller.account, &base.heads).into());
        }
        let expected = base.heads;
        let pushed = self.check_commit(caller, &commit, &roster, &base)?;
        let write = self.write(caller, &commit, &base, pushed, message.envelopes)?;
        let begun_at = self.clock.now();
        match self.storage.push(write).await? {
            Written::Done => {
                let heads = Heads { vault_seq: commit.seq(), vault_head: commit.hash(), ..expected };
                Ok(Accepted { heads: Some(self.heads.accepted(caller.account, heads, &roster, begun_at)) })
            }
            Written::Moved => {
                let heads = self.base(caller.account, &[]).await?.heads;
                // The same bytes may have been on their way twice.
                match self.pushed_before(caller, &commit, &heads).await? {
                    Some(answer) => Ok(answer),
                    None => Err(self.stale(caller.account, &heads).into()),
                }
            }
        }
    }

    /// What can be refused before anything is read.
    fn check_size(&self, commit: &Commit, envelopes: &[Vec<u8>]) -> Result<(), PushError> {
        if commit.changes().len() > self.limits.changes {
            return Err(LimitError::Changes(self.limits.changes).into());
        }
        if envelopes.iter().any(|envelope| envelope.len() > envelope::MAX_LEN) {
            return Err(LimitError::Envelope(envelope::MAX_LEN).into());
        }
        if envelopes.iter().any(|envelope| envelope.len() < envelope::MIN_LEN) {
            return Err(PushError::ShortEnvelope);
        }
        if envelopes.iter().map(Vec::len).sum::<usize>() > self.limits.push {
            return Err(LimitError::Push(self.limits.push).into());
        }
        let named = commit.changes().iter().filter_map(|change| match change.content {
            Content::Envelope(hash) => Some(hash),
            Content::Tombstone => None,
        });
        if named.eq(envelopes.iter().map(|envelope| envelope_hash(envelope))) {
            Ok(())
        } else {
            Err(PushError::Envelopes)
        }
    }

    fn check_commit(
        &self,
        caller: &Caller,
        commit: &Commit,
        roster: &Roster,
        base: &PushBase,
    ) -> Result<Pushed, PushError> {
        if commit.author() != caller.device {
            return Err(PushError::OtherAuthor);
        }
        if commit.at() > self.clock.now().saturating_add(MAX_AHEAD) {
            return Err(PushError::BadTime);
        }
        let vault = Vault::from_parts(
            caller.account,
            VaultParts {
                seq: base.heads.vault_seq,
                head: base.heads.vault_head,
                at: base.at,
                count: base.count,
                set: base.set.clone(),
            },
        );
        let elements: BTreeMap<ItemId, Element> = base.changed.iter().map(|element| (element.item, *element)).collect();
        vault.push(roster, commit, &elements).map_err(|error| match error {
            CommitError::TimeGoesBack => PushError::BadTime,
            CommitError::TooManyItems => LimitError::Items(self.limits.items).into(),
            rule => PushError::Rule(rule),
        })
    }

    fn write(
        &self,
        caller: &Caller,
        commit: &Commit,
        base: &PushBase,
        pushed: Pushed,
        envelopes: Vec<Vec<u8>>,
    ) -> Result<PushWrite, LimitError> {
        let created = pushed.elements.len().saturating_sub(base.changed.len());
        let elements = base.elements.saturating_add(u64::try_from(created).unwrap_or(u64::MAX));
        // Under a limit that was lowered since, the items that are there can still be written and purged.
        if created > 0 && elements > self.limits.items {
            return Err(LimitError::Items(self.limits.items));
        }
        let bytes_added = quota::commit(commit.signed(), pushed.elements.len(), envelopes.iter().map(Vec::as_slice));
        let bytes_used = base.bytes_used.saturating_add(bytes_added).saturating_sub(base.reclaimed);
        // At a full account a purge must still be possible, and what frees as much as it adds. There are no more purges
        // than items.
        let frees = bytes_added <= base.reclaimed || pushed.elements.iter().all(Element::is_tombstone);
        if !frees && bytes_used > self.limits.account_bytes {
            return Err(LimitError::AccountBytes(self.limits.account_bytes));
        }
        let mut envelopes = envelopes.into_iter();
        let changes = pushed.elements.iter().map(|element| Change {
            element: *element,
            envelope: if element.is_tombstone() { None } else { envelopes.next() },
        });
        Ok(PushWrite {
            account: caller.account,
            expected: base.heads,
            hash: commit.hash(),
            commit: commit.signed().clone(),
            at: commit.at(),
            count: pushed.vault.count(),
            elements,
            bytes_added,
            bytes_reclaimed: base.reclaimed,
            set: pushed.vault.parts().set.clone(),
            changes: changes.collect(),
            purge_due: self.clock.now().saturating_add(PURGED_KEPT),
        })
    }

    /// The answer to a push that happened before, if there was one.
    async fn pushed_before(
        &self,
        caller: &Caller,
        commit: &Commit,
        heads: &Heads,
    ) -> Result<Option<Accepted>, PushError> {
        if commit.seq() == 0 || commit.seq() > heads.vault_seq {
            return Ok(None);
        }
        let stored = self.storage.commit(caller.account, commit.seq()).await?;
        let Some(stored) = stored.filter(|stored| stored.commit == *commit.signed()) else { return Ok(None) };
        self.heads.repeated(caller.account);
        let heads = Heads {
            roster_seq: stored.roster_seq,
            roster_head: commit.roster_head(),
            vault_seq: commit.seq(),
            vault_head: commit.hash(),
        };
        Ok(Some(Accepted { heads: Some(self.heads.message(caller.account, &heads)) }))
    }
}

/// A purged item's envelopes stay so long, in case the purge was wrong: 30 days.
pub(super) const PURGED_KEPT: u64 = 30 * DAY;
