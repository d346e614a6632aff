use keyfold_ledger::{Commit, Vault};
use keyfold_wire::ItemId;

use super::{
    SyncEngine, SyncError,
    content::{CommitOf, NO_KEY, Touch, examine},
};
use crate::{
    storage::{Quarantined, Step, Write},
    vault::read_shown,
};

impl SyncEngine {
    /// Looks again at items that had no key: keys may have come since. What it finds does not depend on when it looks.
    pub(super) async fn reopen(&self, step: &Step) -> Result<(), SyncError> {
        let waiting = self.storage().quarantined(NO_KEY).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        let held = self.held().await?;
        let keys = self.vault.epoch_keys(&held);
        let last_commit_at = held.vault.as_ref().map_or(0, Vault::at);
        let account = self.vault.local().profile().account;
        let mut writes = Vec::new();
        for Quarantined { element, seq, previous } in waiting {
            let Some(hash) = element.envelope else { continue };
            let Some(envelope) = self.storage().envelope(hash).await? else { continue };
            let Some(stored) = self.storage().item(element.item).await? else { continue };
            let last_good = read_shown(account, &keys, &stored).ok().flatten().map(|(_, item)| item);
            let touch = Touch { element, commit: self.commit_of(seq).await?, previous, unseen_since: None };
            let examined = examine(account, &keys, &touch, last_commit_at, last_good.as_ref(), &envelope);
            writes.push(Write::Revision(touch.revision(examined)));
        }
        Ok(self.storage().apply(step, writes).await?)
    }

    /// When the first of an item's latest revisions was committed that had no key here.
    pub(super) async fn unread_since(&self, item: ItemId) -> Result<Option<u64>, SyncError> {
        let seq = self.storage().first_quarantined(item, NO_KEY).await?;
        Ok(self.commit_of(seq).await?.map(|commit| commit.at))
    }

    async fn commit_of(&self, seq: Option<u64>) -> Result<Option<CommitOf>, SyncError> {
        let Some(seq) = seq else { return Ok(None) };
        let signed = self.storage().commit(seq).await?;
        Ok(signed.and_then(|signed| Commit::parse(&signed).ok()).as_ref().map(CommitOf::from))
    }
}
