use std::collections::BTreeMap;

use keyfold_crypto::envelope::Envelope;
use keyfold_ledger::Entry;
use keyfold_wire::{ItemId, v1::ProblemCode};

use super::{SyncEngine, SyncError, SyncReport, outgoing::Draft, push::Sent};
use crate::{
    storage::{OutboxKind, Write},
    vault::{EpochKeys, Held, read_shown},
};

/// How far a new epoch's key has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reencrypted {
    /// Nothing is left, or what is left is another device's to encrypt.
    AsFarAsItGoes,
    /// A commit went out: there may be more.
    Some,
    /// Another device was faster: pull, and look again.
    HeadMoved,
    /// The server takes commits of fewer changes: at most so many.
    TooLarge(usize),
}

impl SyncEngine {
    /// Encrypts some items anew that are still under an earlier epoch's key, the oldest epoch's first: one ordinary commit of at
    /// most `room` changes, which says again what the items say, and is their history no further entry.
    ///
    /// Whoever began the epoch does it at once. The other devices do it after a while, should it not live to, and at once where
    /// it had no key of the epoch before: so they do not all write the same at the same time.
    pub(super) async fn reencrypt(&self, room: usize, report: &mut SyncReport) -> Result<Reencrypted, SyncError> {
        let step = self.storage().step().await?;
        self.check_condition().await?;
        let held = self.held().await?;
        let Some(account) = held.account() else { return Ok(Reencrypted::AsFarAsItGoes) };
        let epoch = held.roster.epoch().number;
        let left = self.storage().count_of_earlier_epochs(epoch).await?;
        if left == 0 || self.owes_a_code(&held) || !self.is_for_this_device(&held) {
            return Ok(Reencrypted::AsFarAsItGoes);
        }
        // Another process left one that goes first.
        if self.storage().outbox(OutboxKind::Commit).await?.is_some() {
            return Ok(Reencrypted::HeadMoved);
        }
        let keys = self.vault.epoch_keys(&held);
        if keys.current().is_none() {
            return Ok(Reencrypted::AsFarAsItGoes);
        }
        let Earlier { drafts, current } = self.earlier(&held, &keys, room).await?;
        if !current.is_empty() {
            self.storage().apply(&step, current).await?;
        }
        if drafts.is_empty() {
            let noted = self.storage().count_of_earlier_epochs(epoch).await? < left;
            return Ok(if noted { Reencrypted::Some } else { Reencrypted::AsFarAsItGoes });
        }
        let at = self.api.anonymous().now().max(account.vault().at());
        let outbox = self.seal(&account, &keys, at, drafts, Vec::new())?;
        self.storage().apply(&step, vec![Write::PutOutbox(outbox.clone())]).await?;
        match self.send_commit(&step, &account, &keys, &outbox).await {
            Ok(Sent::Accepted(items)) => {
                report.items_reencrypted += items;
                self.progress.reencrypted(report.items_reencrypted, report.items_reencrypted + left - items.min(left));
                Ok(Reencrypted::Some)
            }
            Ok(Sent::HeadMoved) => Ok(Reencrypted::HeadMoved),
            Ok(Sent::TooLarge(smaller)) => Ok(Reencrypted::TooLarge(smaller)),
            // What is left can still be read by whoever may read it; the user makes room.
            Err(SyncError::Api(error)) if error.code() == Some(ProblemCode::QuotaExceeded) => {
                report.items_without_room = left;
                Ok(Reencrypted::AsFarAsItGoes)
            }
            Err(error) => Err(error),
        }
    }

    fn is_for_this_device(&self, held: &Held) -> bool {
        let began = usize::try_from(held.roster.epoch().seq).ok().and_then(|seq| held.entries.get(seq));
        let own = |entry: &Entry| entry.author() == self.vault.keys().id();
        let is_late = |entry: &Entry| entry.at().saturating_add(PATIENCE) <= self.api.anonymous().now();
        let could_not = |entry: &Entry| {
            let rotation = entry.rotation();
            rotation.is_some_and(|rotation| rotation.links.iter().all(|(linked, _)| linked + 1 < rotation.epoch))
        };
        began.is_some_and(|entry| own(entry) || could_not(entry) || is_late(entry))
    }

    /// What the first of these items say. One that this device cannot read is left to those who can.
    async fn earlier(&self, held: &Held, keys: &EpochKeys, room: usize) -> Result<Earlier, SyncError> {
        let (account, epoch) = (held.roster.account(), held.roster.epoch().number);
        let mut earlier = Earlier::default();
        for id in self.storage().of_earlier_epochs(epoch, room).await? {
            let Some(stored) = self.storage().item(id).await? else { continue };
            let shown = stored.shown.as_ref().and_then(|shown| Envelope::parse(account, &shown.envelope).ok());
            if shown.is_some_and(|envelope| envelope.context().epoch == epoch) {
                earlier.current.push(Write::Epoch(id, epoch));
            } else if let Ok(Some((_, item))) = read_shown(account, keys, &stored) {
                earlier.drafts.insert(id, Draft { item, element: Some(stored.element), edits: Vec::new() });
            }
        }
        Ok(earlier)
    }
}

/// Items of which it was not noted, or long ago, in which epoch they are.
#[derive(Default)]
struct Earlier {
    drafts: BTreeMap<ItemId, Draft>,
    /// Notes of those that are in the current one.
    current: Vec<Write>,
}

/// How long the device that began an epoch has it to itself to encrypt anew: ten minutes.
const PATIENCE: u64 = 10 * 60 * 1_000;
