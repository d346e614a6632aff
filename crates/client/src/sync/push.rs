use keyfold_crypto::envelope::envelope_hash;
use keyfold_ledger::{Account, Chain, Element, MAX_CHANGES};
use keyfold_wire::{
    ItemId,
    v1::{Accepted, Heads, ProblemCode},
};
use std::collections::BTreeMap;

use super::{
    ChainFailure, SyncEngine, SyncError, SyncReport,
    content::{CommitOf, Touch, examine},
    incoming::head,
    outgoing::{Outgoing, read_push},
};
use crate::{
    api::ApiError,
    storage::{Outbox, OutboxKind, Staged, Step, Write},
    vault::{EpochKeys, Held, VaultError},
};

/// How far the outbox came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// Nothing waits any more.
    Everything,
    /// Another device was faster: pull, and merge again.
    HeadMoved,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// It stands, with so many items.
    Accepted(u64),
    /// Another device was faster: pull, and merge again.
    HeadMoved,
    /// The server takes commits of fewer changes: at most so many.
    TooLarge(usize),
}

impl SyncEngine {
    /// Sends commits until no edit waits. Each is stored before it is sent, and sent again as it is if its answer is lost.
    pub(super) async fn push_all(&self, step: &Step, report: &mut SyncReport) -> Result<Pushed, SyncError> {
        let mut room = MAX_CHANGES;
        loop {
            let held = self.held().await?;
            let Some(account) = held.account() else { return Ok(Pushed::HeadMoved) };
            if self.owes_a_code(&held) {
                return Ok(Pushed::Everything);
            }
            let waiting = self.storage().outbox(OutboxKind::Commit).await?;
            if waiting.is_none() && self.storage().count_edits().await? == 0 {
                return Ok(Pushed::Everything);
            }
            let keys = self.vault.epoch_keys(&held);
            let outbox = match waiting {
                Some(outbox) => outbox,
                None => match self.outgoing(&account, &keys, room).await? {
                    Outgoing::Commit(outbox) => {
                        self.storage().apply(step, vec![Write::PutOutbox(outbox.clone())]).await?;
                        outbox
                    }
                    Outgoing::Nothing { moot } => {
                        if !moot.is_empty() {
                            self.storage().apply(step, vec![Write::DropEdits(moot)]).await?;
                        }
                        return Ok(Pushed::Everything);
                    }
                },
            };
            match self.send_commit(step, &account, &keys, &outbox).await? {
                Sent::Accepted(items) => {
                    report.items_pushed += items;
                    let waiting = self.storage().count_edits().await?;
                    self.progress.pushed(report.items_pushed, report.items_pushed.saturating_add(waiting));
                }
                Sent::HeadMoved => return Ok(Pushed::HeadMoved),
                Sent::TooLarge(smaller) => room = smaller,
            }
        }
    }

    /// Whether this device came by a recovery code and has yet to replace it: before that nobody takes what it writes.
    pub(super) fn owes_a_code(&self, held: &Held) -> bool {
        held.roster.must_replace_recovery(&self.vault.keys().id()).is_some()
    }

    /// Sends the commit in the outbox.
    pub(super) async fn send_commit(
        &self,
        step: &Step,
        account: &Account,
        keys: &EpochKeys,
        outbox: &Outbox,
    ) -> Result<Sent, SyncError> {
        match self.api.push(&outbox.message).await {
            Ok(accepted) => Ok(match self.accepted(step, account, keys, outbox, accepted).await? {
                Some(items) => Sent::Accepted(items),
                None => Sent::HeadMoved,
            }),
            Err(error) => self.refused(step, outbox, error).await,
        }
    }

    /// Takes this device's own commit into its vault; `None` if the server's head is further on, so that a pull must
    /// bring it together with what came after.
    async fn accepted(
        &self,
        step: &Step,
        account: &Account,
        keys: &EpochKeys,
        outbox: &Outbox,
        accepted: Accepted,
    ) -> Result<Option<u64>, SyncError> {
        let damaged = || VaultError::Damaged("the outbox holds no commit".to_owned());
        let (commit, envelopes) = read_push(&outbox.message).ok_or_else(damaged)?;
        let heads: Heads = accepted.heads.ok_or(ApiError::BadAnswer("no heads"))?;
        if heads.vault_seq != commit.seq() {
            return Ok(None);
        }
        let changed: Vec<ItemId> = commit.changes().iter().map(|change| change.item).collect();
        let elements = self.storage().elements(&changed).await?;
        let elements: BTreeMap<ItemId, Element> = elements.into_iter().map(|element| (element.item, element)).collect();
        let pushed = account.push(&commit, &elements).map_err(ChainFailure::from);
        let received = pushed.and_then(|(after, written)| {
            let roster_head = head(&after, Chain::Roster, heads.roster_receipt.as_ref())?;
            Ok((roster_head, head(&after, Chain::Vault, heads.vault_receipt.as_ref())?, after, written))
        });
        let (roster_head, vault_head, after, written) = match received {
            Ok(received) => received,
            Err(failure) => return Err(self.stop(step, &failure).await),
        };
        let items = u64::try_from(written.len()).unwrap_or(u64::MAX);
        let mut writes = vec![
            Write::Vault(Box::new(after.vault().parts().clone())),
            Write::Head(Chain::Roster, roster_head),
            Write::Head(Chain::Vault, vault_head),
        ];
        let mut named = envelopes.iter();
        for element in written {
            writes.push(Write::Element(element));
            let envelope = if element.is_tombstone() { None } else { named.next() };
            let Some(envelope) = envelope else {
                writes.push(Write::Purge(element.item));
                continue;
            };
            let previous = Some(elements.get(&element.item).and_then(|before| before.envelope));
            let touch = Touch { element, commit: Some(CommitOf::from(&commit)), previous, unseen_since: None };
            let last_good = self.last_good(keys, element.item).await?;
            let id = account.roster().account();
            let examined = examine(id, keys, &touch, commit.at(), last_good.as_ref(), envelope);
            writes.push(Write::Revision(touch.revision(examined)));
        }
        let mut staged: Vec<Staged> = envelopes
            .into_iter()
            .map(|envelope| Staged::Envelope { hash: envelope_hash(&envelope), envelope })
            .collect();
        let signed = commit.signed().clone();
        staged.push(Staged::Commit { seq: commit.seq(), head: commit.hash(), commit: signed });
        self.storage().stage(step, staged).await?;
        writes.push(Write::DropEdits(outbox.edits.clone()));
        writes.push(Write::ClearOutbox(OutboxKind::Commit));
        self.storage().apply(step, writes).await?;
        Ok(Some(items))
    }

    /// What a refusal means for the commit in the outbox. Its edits stay in any case.
    async fn refused(&self, step: &Step, outbox: &Outbox, error: ApiError) -> Result<Sent, SyncError> {
        if error.is_final() {
            self.storage().apply(step, vec![Write::ClearOutbox(OutboxKind::Commit)]).await?;
        }
        let changes = read_push(&outbox.message).map_or(0, |(commit, _)| commit.changes().len());
        match error.code() {
            Some(ProblemCode::HeadMoved) => Ok(Sent::HeadMoved),
            Some(ProblemCode::TooLarge) if changes > 1 => Ok(Sent::TooLarge(changes / 2)),
            _ => Err(self.refused_by(step, error).await),
        }
    }
}
