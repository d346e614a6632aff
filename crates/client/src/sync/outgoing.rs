use std::collections::BTreeMap;

use keyfold_crypto::{
    envelope::{self, Context, envelope_hash},
    random,
};
use keyfold_ledger::{Account, Change, Commit, Content, Element, MAX_CHANGES};
use keyfold_wire::{ItemId, v1};
use prost::Message;

use super::{SyncEngine, SyncError};
use crate::{
    item::{FieldTag, Item},
    storage::{Outbox, OutboxKind, StoredItem},
    vault::{EpochKeys, ItemEdit, VaultError, read_shown},
};

/// What there is to send.
pub(super) enum Outgoing {
    /// A commit, as it will be sent.
    Commit(Outbox),
    /// Nothing; these edits have no effect.
    Nothing {
        /// To be forgotten.
        moot: Vec<i64>,
    },
}

/// One item of a commit that is being made.
struct Draft {
    item: Item,
    element: Option<Element>,
    edits: Vec<i64>,
}

impl SyncEngine {
    /// Merges this device's edits with what is there and makes a commit of them: every envelope under a data key of its
    /// own, also when the commit is made anew after a lost race.
    pub(super) async fn outgoing(&self, account: &Account, keys: &EpochKeys) -> Result<Outgoing, SyncError> {
        let edits = self.vault.edits().await?;
        if edits.is_empty() || !self.is_due(&edits) {
            return Ok(Outgoing::Nothing { moot: Vec::new() });
        }
        let at = self.api.anonymous().now().max(account.vault().at());
        let mut moot = Vec::new();
        let mut drafts = BTreeMap::new();
        for (id, edit) in edits {
            if drafts.len() == MAX_CHANGES {
                break;
            }
            let stored = self.storage().item(id).await?;
            match self.merge(account, keys, stored.as_ref(), &edit, at) {
                Some(item) => {
                    let element = stored.map(|stored| stored.element);
                    drafts.insert(id, Draft { item, element, edits: edit.ids });
                }
                None => moot.extend(edit.ids),
            }
        }
        if drafts.is_empty() { Ok(Outgoing::Nothing { moot }) } else { self.seal(account, keys, at, drafts, moot) }
    }

    /// Whether something is worth a commit. A use alone is not, for an hour: its timing would tell the server which
    /// item it was.
    fn is_due(&self, edits: &BTreeMap<ItemId, ItemEdit>) -> bool {
        let now = self.api.anonymous().now();
        edits.values().any(|edit| {
            let mut fields = edit.fields.iter();
            edit.passkey.is_some()
                || fields.any(|(tag, field)| tag != FieldTag::LastUsed || field.stamp.ms.saturating_add(HOUR) <= now)
        })
    }

    /// The item with this device's edits; `None` where they change nothing, or there is nothing to change.
    fn merge(
        &self,
        account: &Account,
        keys: &EpochKeys,
        stored: Option<&StoredItem>,
        edit: &ItemEdit,
        at: u64,
    ) -> Option<Item> {
        let device = Some(self.vault.keys().id());
        let Some(stored) = stored else {
            let fields = edit.fields.clone().read_at(at, device);
            return Some(Item { passkey: edit.passkey.clone()?, fields });
        };
        if stored.element.is_tombstone() {
            return None;
        }
        let (_, base) = read_shown(account.roster().account(), keys, stored).ok().flatten()?;
        let fields = base.fields.clone().merge(edit.fields.clone()).read_at(at, device);
        // A quarantined revision is healed by the next edit, whatever it says.
        (fields != base.fields || stored.fault.is_some()).then_some(Item { passkey: base.passkey, fields })
    }

    fn seal(
        &self,
        account: &Account,
        keys: &EpochKeys,
        at: u64,
        drafts: BTreeMap<ItemId, Draft>,
        moot: Vec<i64>,
    ) -> Result<Outgoing, SyncError> {
        let (epoch, key) = keys.current().ok_or(SyncError::NoEpochKey)?;
        let device = self.vault.keys();
        let (mut changes, mut envelopes, mut edits) = (Vec::new(), Vec::new(), moot);
        let mut elements = BTreeMap::new();
        let mut bytes = 0;
        for (id, draft) in drafts {
            let revision = draft.element.map_or(0, |element| element.revision).saturating_add(1);
            let context = Context { account: account.roster().account(), item: id, revision, epoch, at };
            let plaintext = draft.item.encode(at, draft.element.and_then(|element| element.envelope));
            let envelope =
                envelope::seal(key, &context, &plaintext, &mut random::system()).map_err(|_| VaultError::BadValue)?;
            bytes += envelope.len();
            if bytes > MAX_BYTES {
                break;
            }
            changes.push(Change { item: id, revision, content: Content::Envelope(envelope_hash(&envelope)) });
            envelopes.push(envelope);
            edits.extend(draft.edits);
            elements.extend(draft.element.map(|element| (id, element)));
        }
        let commit = account.vault().draft(account.roster(), device.id(), at, &changes, &elements);
        let commit = commit.map_err(|error| VaultError::Damaged(error.to_string()))?;
        let push = v1::Push { commit: Some(device.author.signing.sign(&commit)), envelopes };
        Ok(Outgoing::Commit(Outbox { kind: OutboxKind::Commit, message: push.encode_to_vec(), edits }))
    }
}

/// The commit in the bytes of a `Push`, and its envelopes.
pub(super) fn read_push(message: &[u8]) -> Option<(Commit, Vec<Vec<u8>>)> {
    let push: v1::Push = keyfold_crypto::exact::decode(message, usize::MAX).ok()?;
    Some((Commit::parse(&push.commit?).ok()?, push.envelopes))
}

/// Of all envelopes of one push; one always fits.
const MAX_BYTES: usize = 8 * 1024 * 1024;
const HOUR: u64 = 60 * 60 * 1_000;
