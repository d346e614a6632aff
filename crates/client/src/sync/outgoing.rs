use std::collections::BTreeMap;

use keyfold_crypto::{
    envelope::{self, Context, envelope_hash},
    random,
};
use keyfold_ledger::{Account, Change, Commit, CommitError, Content, Element};
use keyfold_wire::{ItemId, v1};
use prost::Message;

use super::{SyncEngine, SyncError, content::NO_KEY};
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

/// What an item's edits come to.
enum Merged {
    /// This is to be written.
    Write(Box<Item>),
    /// They change nothing, or nothing that is left.
    Moot,
    /// There is nothing yet that they could be merged with.
    Wait,
}

/// One item of a commit that is being made.
pub(super) struct Draft {
    pub(super) item: Item,
    pub(super) element: Option<Element>,
    pub(super) edits: Vec<i64>,
}

impl SyncEngine {
    /// Merges this device's edits with what is there and makes a commit of them, of at most `room` changes: every envelope under a data key of its
    /// own, also when the commit is made anew after a lost race.
    pub(super) async fn outgoing(
        &self,
        account: &Account,
        keys: &EpochKeys,
        room: usize,
    ) -> Result<Outgoing, SyncError> {
        let edits = self.vault.edits().await?;
        if edits.is_empty() || !self.is_due(&edits) {
            return Ok(Outgoing::Nothing { moot: Vec::new() });
        }
        if keys.current().is_none() {
            return Err(SyncError::NoEpochKey);
        }
        let at = self.api.anonymous().now().max(account.vault().at());
        let mut moot = Vec::new();
        let mut drafts = BTreeMap::new();
        for (id, edit) in edits {
            if drafts.len() == room {
                break;
            }
            let stored = self.storage().item(id).await?;
            match self.merge(account, keys, stored.as_ref(), &edit, at) {
                Merged::Write(item) => {
                    let element = stored.map(|stored| stored.element);
                    drafts.insert(id, Draft { item: *item, element, edits: edit.ids });
                }
                Merged::Moot => moot.extend(edit.ids),
                Merged::Wait => {}
            }
        }
        if drafts.is_empty() {
            return Ok(Outgoing::Nothing { moot });
        }
        self.seal(account, keys, at, drafts, moot).map(Outgoing::Commit)
    }

    /// Whether edits wait that are worth a commit now.
    pub(super) async fn has_due_edits(&self) -> Result<bool, SyncError> {
        Ok(self.is_due(&self.vault.edits().await?))
    }

    /// Whether something is worth a commit. A use alone is not, until its time slot is over: the commit's time would tell
    /// the server when the item was used.
    fn is_due(&self, edits: &BTreeMap<ItemId, ItemEdit>) -> bool {
        let slot = |ms: u64| ms / USE_SLOT;
        let now = self.api.anonymous().now();
        edits.values().any(|edit| {
            edit.content.is_some()
                || edit.fields.iter().any(|(tag, _)| !matches!(tag, FieldTag::LastUsed | FieldTag::Replaces))
                || edit.first_use.is_some_and(|first_use| slot(first_use) < slot(now))
        })
    }

    /// The item with this device's edits.
    fn merge(
        &self,
        account: &Account,
        keys: &EpochKeys,
        stored: Option<&StoredItem>,
        edit: &ItemEdit,
        at: u64,
    ) -> Merged {
        let device = Some(self.vault.keys().id());
        let Some(stored) = stored else {
            let fields = edit.fields.clone().read_at(at, device);
            return match edit.content.clone() {
                Some(content) => Merged::Write(Box::new(Item { content, fields })),
                None => Merged::Wait,
            };
        };
        if stored.element.is_tombstone() {
            // A purge that is not justified leaves the last good revision, and what was written on it.
            return if stored.fault.is_some() { Merged::Wait } else { Merged::Moot };
        }
        // What has no key yet may be good: nothing is built beside it.
        if stored.fault.as_ref().is_some_and(|fault| fault.reason == NO_KEY) {
            return Merged::Wait;
        }
        let Ok(Some((_, base))) = read_shown(account.roster().account(), keys, stored) else { return Merged::Wait };
        let fields = base.fields.clone().merge(edit.fields.clone()).read_at(at, device);
        // A quarantined revision is healed by the next edit, whatever it says.
        if fields == base.fields && stored.fault.is_none() {
            return Merged::Moot;
        }
        Merged::Write(Box::new(Item { content: base.content, fields }))
    }

    /// Encrypts these items for a commit, as many as fit into one.
    pub(super) fn seal(
        &self,
        account: &Account,
        keys: &EpochKeys,
        at: u64,
        drafts: BTreeMap<ItemId, Draft>,
        moot: Vec<i64>,
    ) -> Result<Outbox, SyncError> {
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
        let commit = commit.map_err(|error| match error {
            CommitError::TooManyItems => VaultError::Full,
            error => VaultError::Damaged(error.to_string()),
        })?;
        let push = v1::Push { commit: Some(device.author.signing.sign(&commit)), envelopes };
        Ok(Outbox { kind: OutboxKind::Commit, message: push.encode_to_vec(), edits })
    }
}

/// The commit in the bytes of a `Push`, and its envelopes.
pub(super) fn read_push(message: &[u8]) -> Option<(Commit, Vec<Vec<u8>>)> {
    let push: v1::Push = keyfold_crypto::exact::decode_public(message, usize::MAX).ok()?;
    Some((Commit::parse(&push.commit?).ok()?, push.envelopes))
}

/// Of all envelopes of one push; one always fits.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Uses of the same six hours travel together, once these are over.
const USE_SLOT: u64 = 6 * 60 * 60 * 1_000;
