use std::collections::{BTreeMap, BTreeSet};

use keyfold_crypto::envelope::Envelope;
use keyfold_wire::{AccountId, ItemId};

use super::{EpochKeys, Held, ItemEdit, backup, history::restored};
use crate::{
    item::{Item, Passkey, Revision},
    storage::{Fault, Shown, StoredItem},
};

/// Everything in the vault, deleted items as well.
#[derive(Debug, Default)]
pub struct Contents {
    /// What can be shown, ascending by id.
    pub items: Vec<VaultItem>,
    /// What cannot be shown at all.
    pub unreadable: Vec<Unreadable>,
}

/// An item as this device sees it: the newest good revision with this device's unsent edits.
#[derive(Debug)]
pub struct VaultItem {
    /// Its id in the vault; the relying party never sees it.
    pub id: ItemId,
    /// What it says.
    pub item: Item,
    /// The revision that is shown; 0 for a new one.
    pub revision: u64,
    /// Whether the server has it.
    pub origin: Origin,
    /// What is wrong with a newer revision that is not shown.
    pub fault: Option<Fault>,
    /// Somebody has purged it against the rules: it takes no edit, and can be brought back.
    pub is_purged: bool,
    /// Whether another member of the account could restore it from what the server has: WebAuthn's backup state.
    pub backed_up: bool,
}

/// Whether an acknowledged commit holds an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It does, and there is nothing newer here.
    Acknowledged,
    /// It does, and this device has unsent edits.
    Edited,
    /// Only this device has it.
    Unsent,
}

/// An item no revision of which can be shown.
#[derive(Debug)]
pub struct Unreadable {
    /// Which.
    pub id: ItemId,
    /// Why.
    pub fault: Fault,
}

impl Contents {
    pub(super) fn of(
        held: &Held,
        keys: &EpochKeys,
        stored: &[StoredItem],
        mut edits: BTreeMap<ItemId, ItemEdit>,
    ) -> Self {
        let mut contents = Self::default();
        let others = backup::others(&held.roster);
        for stored in stored {
            let edit = edits.remove(&stored.element.item);
            match read_shown(held.roster.account(), keys, stored) {
                Ok(Some((shown, base))) => {
                    let is_in_the_vault = base.passkey().is_none_or(Passkey::backup_eligible);
                    let backed_up = is_in_the_vault && backup::is_backed_up(others, stored);
                    contents.items.push(VaultItem { backed_up, ..VaultItem::edited(stored, shown, base, edit) });
                }
                Ok(None) => {}
                Err(fault) => contents.unreadable.push(Unreadable { id: stored.element.item, fault }),
            }
        }
        let new = edits.into_iter().filter_map(|(id, edit)| {
            let item = Item { content: edit.content?, fields: edit.fields };
            Some(VaultItem {
                id,
                item,
                revision: 0,
                origin: Origin::Unsent,
                fault: None,
                is_purged: false,
                backed_up: false,
            })
        });
        contents.items.extend(new);
        contents.hide_what_came_back();
        contents.items.sort_by_key(|item| item.id);
        contents
    }

    /// An item that was purged against the rules and is there again as another one is shown once.
    fn hide_what_came_back(&mut self) {
        let live: BTreeSet<ItemId> = self.items.iter().map(|item| item.id).collect();
        self.items.retain(|item| !(item.is_purged && live.contains(&restored(item.id))));
    }

    /// Those that are not deleted.
    pub fn live(&self) -> impl Iterator<Item = &VaultItem> {
        self.items.iter().filter(|item| item.item.fields.deleted_at().is_none())
    }

    /// The passkeys among them.
    pub fn passkeys(&self) -> impl Iterator<Item = (&VaultItem, &Passkey)> {
        self.live().filter_map(|item| Some((item, item.item.passkey()?)))
    }

    /// Those of the passkeys that sign in: the others' relying parties know them no more.
    pub fn usable(&self) -> impl Iterator<Item = (&VaultItem, &Passkey)> {
        self.passkeys().filter(|(item, _)| !item.item.fields.is_hidden())
    }
}

impl VaultItem {
    fn edited(stored: &StoredItem, shown: &Shown, mut base: Item, edit: Option<ItemEdit>) -> Self {
        let mut origin = Origin::Acknowledged;
        if let Some(edit) = edit {
            let fields = std::mem::take(&mut base.fields);
            let merged = fields.clone().merge(edit.fields);
            if merged != fields {
                origin = Origin::Edited;
            }
            base.fields = merged;
        }
        let (id, fault) = (stored.element.item, stored.fault.clone());
        let is_purged = stored.element.is_tombstone();
        Self { id, item: base, revision: shown.revision, origin, fault, is_purged, backed_up: false }
    }
}

/// The item that a stored revision holds; nothing where there is nothing to show and nothing wrong (a purged item).
pub(crate) fn read_shown<'a>(
    account: AccountId,
    keys: &EpochKeys,
    stored: &'a StoredItem,
) -> Result<Option<(&'a Shown, Item)>, Fault> {
    let Some(shown) = &stored.shown else {
        return stored.fault.clone().map_or(Ok(None), Err);
    };
    let fault = |reason: &str| Fault { revision: shown.revision, author: shown.author, reason: reason.to_owned() };
    let envelope = Envelope::parse(account, &shown.envelope).map_err(|_| fault("damaged on this device"))?;
    let context = envelope.context();
    let key = keys.key(context.epoch).ok_or_else(|| fault("this device has no key for it"))?;
    let plaintext = envelope.open(key).map_err(|_| fault("damaged on this device"))?;
    let revision = Revision::decode(&plaintext, context.at, shown.author);
    revision.map(|revision| Some((shown, revision.item))).map_err(|error| fault(&error.to_string()))
}

/// An item that is there, or none.
pub(crate) fn item_of(contents: &Contents, id: ItemId) -> Option<&Item> {
    contents.items.iter().find(|item| item.id == id).map(|item| &item.item)
}
