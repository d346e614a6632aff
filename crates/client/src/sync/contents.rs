use std::collections::{HashMap, hash_map::Entry};

use keyfold_crypto::Hash;
use keyfold_ledger::Vault;
use keyfold_wire::{AccountId, ItemId};

use super::{
    content::{ContentFailure, Good, Touch, examine, examine_purge},
    incoming::Incoming,
};
use crate::{
    item::Item,
    storage::{Fault, Write},
    vault::EpochKeys,
};

/// Envelopes of a pull as they are verified, once both chains are known to their ends.
pub(super) struct Contents {
    account: AccountId,
    pub(super) keys: EpochKeys,
    last_commit_at: u64,
    /// Those that must still come, one for each item. A device may have named one for several.
    expected: HashMap<Hash, Vec<ItemId>>,
    pub(super) done: u64,
    pub(super) total: u64,
    pub(super) writes: Vec<Write>,
    pub(super) quarantined: Vec<(ItemId, Fault)>,
}

impl Contents {
    pub(super) fn new(account: AccountId, keys: EpochKeys, incoming: &Incoming) -> Self {
        let last_commit_at = incoming.latest_vault().map_or(0, Vault::at);
        let mut expected: HashMap<Hash, Vec<ItemId>> = HashMap::new();
        let mut total = 0;
        for element in incoming.touched.values().map(|touch| touch.element) {
            if let Some(envelope) = element.envelope {
                expected.entry(envelope).or_default().push(element.item);
                total += 1;
            }
        }
        Self { account, keys, last_commit_at, expected, done: 0, total, writes: Vec::new(), quarantined: Vec::new() }
    }

    /// An item whose envelope has this hash and has not come yet.
    pub(super) fn next_of(&mut self, envelope: Hash) -> Option<ItemId> {
        let Entry::Occupied(mut items) = self.expected.entry(envelope) else { return None };
        let item = items.get_mut().pop();
        if items.get().is_empty() {
            items.remove();
        }
        item
    }

    /// Whether every envelope came that the chain names.
    pub(super) fn is_complete(&self) -> bool {
        self.expected.is_empty()
    }

    pub(super) fn envelope(&mut self, touch: &Touch, last_good: Option<&Item>, envelope: &[u8]) {
        let examined = examine(self.account, &self.keys, touch, self.last_commit_at, last_good, envelope);
        self.revision(touch, examined);
        self.done += 1;
    }

    /// `unread_since` is when the first of the revisions was committed that this device has, but could not read.
    pub(super) fn purge(&mut self, touch: &Touch, last_good: Option<&Item>, unread_since: Option<u64>) {
        // A snapshot's old tombstone leaves nothing to keep.
        let Some(commit) = touch.commit else { return };
        match examine_purge(last_good, unread_since.or(touch.unseen_since), commit.at) {
            Ok(()) => self.writes.push(Write::Purge(touch.element.item)),
            Err(_) if last_good.is_none() => {}
            Err(failure) => self.revision(touch, Err(failure)),
        }
    }

    fn revision(&mut self, touch: &Touch, examined: Result<Good, ContentFailure>) {
        let revision = touch.revision(examined);
        if let Some(reason) = revision.fault.clone() {
            let fault = Fault { revision: revision.revision, author: revision.author, reason };
            self.quarantined.push((revision.item, fault));
        }
        self.writes.push(Write::Revision(revision));
    }
}
