use std::collections::BTreeMap;

use keyfold_ledger::{Account, Change, Content, Element, MAX_CHANGES};
use keyfold_wire::{ItemId, v1::Push};
use prost::Message;

use super::{SyncEngine, SyncError, SyncReport, content::examine_purge, push::Sent};
use crate::{
    item::PURGED_AFTER,
    storage::{Outbox, OutboxKind, StoredItem, Write},
    vault::{EpochKeys, VaultError, read_shown},
};

impl SyncEngine {
    /// Purges passkeys that were deleted 30 days ago, of which nothing is left to anybody then: once a day, for every passkey has
    /// to be opened to tell. What a race or a refusal leaves, another day or another device does.
    pub(super) async fn purge(&self, report: &mut SyncReport) -> Result<(), SyncError> {
        let now = self.api.anonymous().now();
        let looked_at = self.storage().looked_for_purges().await?;
        if looked_at.is_some_and(|looked_at| now.abs_diff(looked_at) < EVERY) {
            return Ok(());
        }
        let step = self.storage().step().await?;
        self.check_condition().await?;
        let held = self.held().await?;
        let Some(account) = held.account() else { return Ok(()) };
        let keys = self.vault.epoch_keys(&held);
        if self.owes_a_code(&held)
            || keys.current().is_none()
            || self.storage().outbox(OutboxKind::Commit).await?.is_some()
        {
            return Ok(());
        }
        let mut over = self.over(&account, &keys, now).await?;
        while !over.is_empty() {
            let outbox = self.tombstones(&account, now.max(account.vault().at()), &over)?;
            self.storage().apply(&step, vec![Write::PutOutbox(outbox.clone())]).await?;
            match self.send_commit(&step, &account, &keys, &outbox).await {
                Ok(Sent::Accepted(items)) => {
                    report.items_purged += items;
                    break;
                }
                Ok(Sent::TooLarge(smaller)) => over.truncate(smaller),
                // The next sync looks again.
                Ok(Sent::HeadMoved) => return Ok(()),
                Err(SyncError::Api(error)) if error.code().is_some() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(self.storage().apply(&step, vec![Write::LookedForPurges(now)]).await?)
    }

    /// The elements of passkeys whose 30 days are over; at most a commit's.
    async fn over(&self, account: &Account, keys: &EpochKeys, now: u64) -> Result<Vec<Element>, SyncError> {
        let edits = self.vault.edits().await?;
        let is_deleted = |stored: &StoredItem| {
            let is_good = stored.fault.is_none() && !stored.element.is_tombstone();
            let shown = read_shown(account.roster().account(), keys, stored).ok().flatten();
            is_good && shown.is_some_and(|(_, item)| examine_purge(Some(&item), None, now).is_ok())
        };
        let mut over = Vec::new();
        for stored in self.storage().items().await? {
            // What waits here may be its restoration.
            let waits = edits.contains_key(&stored.element.item);
            if over.len() < MAX_CHANGES && !waits && is_deleted(&stored) && self.was_seen_deleted(&stored, now).await? {
                over.push(stored.element);
            }
        }
        Ok(over)
    }

    /// Whether it has been deleted for 30 days by the time of commits, which cannot go back: whoever deletes it says when, by
    /// whatever clock.
    async fn was_seen_deleted(&self, stored: &StoredItem, now: u64) -> Result<bool, SyncError> {
        let history = self.vault.history(stored.element.item).await?;
        let since = history.iter().take_while(|past| past.item.fields.deleted_at().is_some()).last();
        Ok(since.is_some_and(|past| past.at.saturating_add(PURGED_AFTER) <= now))
    }

    fn tombstones(&self, account: &Account, at: u64, over: &[Element]) -> Result<Outbox, SyncError> {
        let change = |element: &Element| Change {
            item: element.item,
            revision: element.revision.saturating_add(1),
            content: Content::Tombstone,
        };
        let mut changes: Vec<Change> = over.iter().map(change).collect();
        changes.sort_by_key(|change| change.item);
        let elements: BTreeMap<ItemId, Element> = over.iter().map(|element| (element.item, *element)).collect();
        let device = self.vault.keys();
        let commit = account.vault().draft(account.roster(), device.id(), at, &changes, &elements);
        let commit = commit.map_err(|error| VaultError::Damaged(error.to_string()))?;
        let push = Push { commit: Some(device.author.signing.sign(&commit)), envelopes: Vec::new() };
        Ok(Outbox { kind: OutboxKind::Commit, message: push.encode_to_vec(), edits: Vec::new() })
    }
}

/// A day.
const EVERY: u64 = 24 * 60 * 60 * 1_000;
