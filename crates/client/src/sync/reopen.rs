use keyfold_ledger::Element;

use super::{
    SyncEngine, SyncError,
    content::{NO_KEY, Touch, examine},
};
use crate::{
    storage::{Revision, Step, Write},
    vault::read_shown,
};

impl SyncEngine {
    /// Looks again at items that had no key, now that keys have come.
    pub(super) async fn reopen(&self, step: &Step) -> Result<(), SyncError> {
        let held = self.held().await?;
        let keys = self.vault.epoch_keys(&held);
        let account = self.vault.local().profile().account;
        let mut writes = Vec::new();
        for stored in self.storage().items().await? {
            let Element { item, revision, envelope: Some(hash) } = stored.element else { continue };
            let Some(fault) = stored.fault.as_ref().filter(|fault| fault.reason == NO_KEY) else { continue };
            let Some(envelope) = self.storage().envelope(hash).await? else { continue };
            let last_good = read_shown(account, &keys, &stored).ok().flatten().map(|(_, item)| item);
            let touch = Touch { element: stored.element, commit: None, previous: None };
            let examined = examine(account, &keys, &touch, last_good.as_ref(), &envelope);
            writes.push(Write::Revision(Revision {
                item,
                revision,
                envelope: Some(hash),
                author: fault.author,
                fault: examined.err().map(|failure| failure.to_string()),
            }));
        }
        Ok(self.storage().apply(step, writes).await?)
    }
}
