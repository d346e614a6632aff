use keyfold_crypto::{Hash, Namespace, envelope::Envelope};
use keyfold_wire::{ItemId, MemberId};

use super::{EpochKeys, UnlockedVault, VaultError, edits, read_shown};
use crate::{
    item::{FieldTag, Fields, Item, Revision},
    storage::Past,
};

/// What a passkey said once.
#[derive(Debug)]
pub struct PastItem {
    /// The revision that said it first.
    pub revision: u64,
    /// When that was committed, Unix milliseconds.
    pub at: u64,
    /// Who wrote it; `None` if it came by a snapshot.
    pub author: Option<MemberId>,
    /// What it said.
    pub item: Item,
}

/// How much of a vault goes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MassDeletion {
    /// Passkeys that go now, and those that went within a day.
    pub deleted: usize,
    /// Of how many.
    pub of: usize,
}

impl UnlockedVault {
    /// What a passkey said before, newest first: of what this device has seen the last ten times that something changed. What
    /// it says now is the first of them, unless this device has unsent edits.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn history(&self, id: ItemId) -> Result<Vec<PastItem>, VaultError> {
        let held = self.local().held().await?;
        let keys = self.epoch_keys(&held);
        let past = self.storage().history(id).await?;
        Ok(past.into_iter().filter_map(|past| self.read(&keys, past)).collect())
    }

    fn read(&self, keys: &EpochKeys, past: Past) -> Option<PastItem> {
        let envelope = Envelope::parse(self.local().profile().account, &past.envelope).ok()?;
        let context = envelope.context();
        let plaintext = envelope.open(keys.key(context.epoch)?).ok()?;
        let item = Revision::decode(&plaintext, context.at, past.author).ok()?.item;
        Some(PastItem { revision: past.revision, at: context.at, author: past.author, item })
    }

    /// Brings a passkey back as it was at `revision`, or one that is deleted or hidden as it is: durably, on this device; the next
    /// sync sends it. One that was purged against the rules comes back as another item with the same passkey: that is its id.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::NoSuchRevision`].
    pub async fn restore(&self, id: ItemId, revision: Option<u64>) -> Result<ItemId, VaultError> {
        let was = match revision {
            None => None,
            Some(revision) => {
                let past = self.history(id).await?.into_iter().find(|past| past.revision == revision);
                Some(past.ok_or(VaultError::NoSuchRevision)?.item)
            }
        };
        if let Some(purged) = self.purged_against_the_rules(id).await? {
            return self.bring_back(id, &was.unwrap_or(purged)).await;
        }
        let contents = self.contents().await?;
        let now = contents.items.into_iter().find(|item| item.id == id).ok_or(VaultError::NotFound)?.item.fields;
        let was = was.map_or_else(|| now.clone(), |item| item.fields);
        let mut restored = Fields::default();
        for (tag, value) in changes(&now, &was) {
            let mut fields = now.clone();
            self.set_field(&mut fields, tag, value)?;
            if let Some(field) = fields.field(tag) {
                restored.absorb(tag, field.clone());
            }
        }
        if !restored.is_empty() {
            let edit = edits::seal(self.local().profile().account, self.keys(), id, None, &restored);
            self.keep_edits(vec![(id, edit)]).await?;
        }
        Ok(id)
    }

    async fn purged_against_the_rules(&self, id: ItemId) -> Result<Option<Item>, VaultError> {
        let Some(stored) = self.storage().item(id).await? else { return Ok(None) };
        if !stored.element.is_tombstone() {
            return Ok(None);
        }
        let held = self.local().held().await?;
        let shown = read_shown(held.roster.account(), &self.epoch_keys(&held), &stored);
        Ok(shown.ok().flatten().map(|(_, item)| item))
    }

    async fn bring_back(&self, purged: ItemId, item: &Item) -> Result<ItemId, VaultError> {
        let (id, edit) = self.successor(purged, item).await?;
        self.keep_edits(vec![(id, edit)]).await?;
        Ok(id)
    }

    /// What makes a purged passkey another item, the same on every device that does so: one that comes twice is one.
    pub(crate) async fn successor(&self, purged: ItemId, item: &Item) -> Result<(ItemId, Vec<u8>), VaultError> {
        let mut id = restored(purged);
        while self.storage().item(id).await?.is_some_and(|stored| stored.element.is_tombstone()) {
            id = restored(id);
        }
        let mut fields = Fields::default();
        // Who brings it back wants to use it, and beside whatever is there now.
        let past = [FieldTag::Deleted, FieldTag::Hidden, FieldTag::Replaces];
        for (tag, field) in item.fields.iter().filter(|(tag, _)| !past.contains(tag)) {
            fields.absorb(tag, field.clone());
        }
        Ok((id, edits::seal(self.local().profile().account, self.keys(), id, Some(&item.content), &fields)))
    }

    /// Whether more than half of the vault would be gone with these: those that went within a day count as well.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn mass_deletion(&self, going: &[ItemId]) -> Result<Option<MassDeletion>, VaultError> {
        let day_ago = self.local().clock().now().saturating_sub(DAY);
        let contents = self.contents().await?;
        let (mut deleted, mut of) = (0, 0);
        for item in contents.items.iter().filter(|item| item.item.passkey().is_some()) {
            match item.item.fields.deleted_at() {
                None => {
                    of += 1;
                    deleted += usize::from(going.contains(&item.id));
                }
                Some(at) if at >= day_ago => (deleted, of) = (deleted + 1, of + 1),
                Some(_) => {}
            }
        }
        let is_mass = deleted >= MASS && deleted * 2 > of;
        Ok(is_mass.then_some(MassDeletion { deleted, of }))
    }
}

/// `H("restored-item", item)[..16]`
pub(crate) fn restored(item: ItemId) -> ItemId {
    let hash = Hash::of(Namespace::RestoredItem, &[item.as_bytes()]);
    ItemId::new(std::array::from_fn(|place| hash.as_bytes().get(place).copied().unwrap_or_default()))
}

/// What must be set so that fields say again what they said.
fn changes(now: &Fields, was: &Fields) -> Vec<(FieldTag, Vec<u8>)> {
    let values = RESTORED.into_iter().filter(|tag| now.value(*tag) != was.value(*tag));
    let values = values.map(|tag| (tag, was.value(tag).to_vec()));
    let undeleted = now.deleted_at().map(|_| (FieldTag::Deleted, vec![0]));
    let shown = now.is_hidden().then(|| (FieldTag::Hidden, vec![0]));
    values.chain(undeleted).chain(shown).collect()
}

const RESTORED: [FieldTag; 5] =
    [FieldTag::UserName, FieldTag::UserDisplayName, FieldTag::RpName, FieldTag::Label, FieldTag::LargeBlob];
const DAY: u64 = 24 * 60 * 60 * 1_000;
/// Fewer than that are no mass, though they be all that there is.
const MASS: usize = 3;
