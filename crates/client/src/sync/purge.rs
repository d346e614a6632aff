use std::collections::BTreeMap;

use keyfold_ledger::{Account, Change, Content, Element, MAX_CHANGES};
use keyfold_wire::{ItemId, v1::Push};
use prost::Message;

use super::{SyncEngine, SyncError, SyncReport, content::examine_purge, push::Sent};
use crate::{
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
        let held = self.held().await?;
        let Some(account) = held.account() else { return Ok(()) };
        if self.storage().outbox(OutboxKind::Commit).await?.is_some() {
            return Ok(());
        }
        let at = now.max(account.vault().at());
        let over = self.over(&account, &self.vault.epoch_keys(&held), at).await?;
        if !over.is_empty() {
            let outbox = self.tombstones(&account, at, &over)?;
            self.storage().apply(&step, vec![Write::PutOutbox(outbox.clone())]).await?;
            match self.send_commit(&step, &account, &outbox).await? {
                Sent::Accepted(items) => report.items_purged += items,
                Sent::HeadMoved | Sent::TooLarge(_) => {}
            }
        }
        Ok(self.storage().apply(&step, vec![Write::LookedForPurges(now)]).await?)
    }

    /// The elements of passkeys whose 30 days are over at `at`; at most a commit's.
    async fn over(&self, account: &Account, keys: &EpochKeys, at: u64) -> Result<Vec<Element>, SyncError> {
        let is_over = |stored: &StoredItem| {
            let is_good = stored.fault.is_none() && !stored.element.is_tombstone();
            let shown = read_shown(account.roster().account(), keys, stored).ok().flatten();
            is_good && shown.is_some_and(|(_, item)| examine_purge(Some(&item), at).is_ok())
        };
        let items = self.storage().items().await?;
        Ok(items.iter().filter(|stored| is_over(stored)).map(|stored| stored.element).take(MAX_CHANGES).collect())
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
