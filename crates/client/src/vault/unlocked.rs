use std::{collections::BTreeMap, sync::Arc};

use keyfold_crypto::random;
use keyfold_wire::ItemId;

use super::{
    Contents, EpochKeys, Held, ItemEdit, LocalVault, VaultError, VaultItem, contents::item_of, edits, stored::Stored,
};
use crate::{
    device::{DeviceKeys, Passphrase},
    item::{Content, FieldTag, Fields, Passkey},
    storage::{Condition, Storage, Write},
};

/// A profile with its secrets open. Passkeys are decrypted when they are asked for and zeroized with what is given out.
#[derive(Clone)]
pub struct UnlockedVault {
    local: LocalVault,
    keys: Arc<DeviceKeys>,
}

impl UnlockedVault {
    pub(crate) const fn new(local: LocalVault, keys: Arc<DeviceKeys>) -> Self {
        Self { local, keys }
    }

    /// The profile without its secrets.
    #[must_use]
    pub const fn local(&self) -> &LocalVault {
        &self.local
    }

    /// The device's secrets.
    #[must_use]
    pub fn keys(&self) -> &Arc<DeviceKeys> {
        &self.keys
    }

    /// Every item, with this device's unsent edits.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn contents(&self) -> Result<Contents, VaultError> {
        self.contents_of(&*self.local.stored().await?)
    }

    pub(super) fn contents_of(&self, stored: &Stored) -> Result<Contents, VaultError> {
        let Stored { held, items, edits, .. } = stored;
        let edits = edits::open(self.local.profile().account, &self.keys, edits)?;
        Ok(Contents::of(held, &self.epoch_keys(held), items, edits))
    }

    /// One passkey.
    ///
    /// # Errors
    /// [`VaultError::NotFound`].
    pub async fn passkey(&self, id: ItemId) -> Result<VaultItem, VaultError> {
        let contents = self.contents().await?;
        let is_it = |item: &VaultItem| item.id == id && item.item.passkey().is_some();
        contents.items.into_iter().find(is_it).ok_or(VaultError::NotFound)
    }

    /// Keeps a new passkey, durably, on this device; the next sync sends it.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn add(
        &self,
        passkey: &Passkey,
        names: impl IntoIterator<Item = (FieldTag, String)> + Send,
    ) -> Result<ItemId, VaultError> {
        let names = names.into_iter().map(|(tag, name)| (tag, name.into_bytes()));
        let (id, edit) = self.new_item(&Content::from(passkey.clone()), names)?;
        self.keep_edits(vec![(id, edit)]).await?;
        Ok(id)
    }

    /// Sets a field of a passkey, durably, on this device; the next sync sends it.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::BadValue`].
    pub async fn set(&self, id: ItemId, tag: FieldTag, value: Vec<u8>) -> Result<(), VaultError> {
        let contents = self.contents().await?;
        let edit = self.field_edit(&contents, id, tag, value)?;
        self.keep_edits(vec![edit]).await
    }

    /// Deletes passkeys, all or none, durably, on this device; the next sync sends it. For 30 days they can be restored.
    ///
    /// # Errors
    /// [`VaultError::NotFound`].
    pub async fn delete(&self, ids: &[ItemId]) -> Result<(), VaultError> {
        let contents = self.contents().await?;
        let edits = ids.iter().map(|id| self.field_edit(&contents, *id, FieldTag::Deleted, vec![1]));
        self.keep_edits(edits.collect::<Result<_, _>>()?).await
    }

    /// Seals the secrets under another passphrase.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn change_passphrase(&self, passphrase: &Passphrase) -> Result<(), VaultError> {
        let sealed = self.keys.seal(self.local.profile().account, passphrase);
        let sealed = sealed.map_err(|error| VaultError::Secrets(error.into()))?;
        let step = self.storage().step().await?;
        Ok(self.storage().apply(&step, vec![Write::SealedSecrets(sealed)]).await?)
    }

    /// Refuses where an edit could be lost: an account that the server refuses is erased.
    pub(crate) async fn check_created(&self) -> Result<(), VaultError> {
        check_created(self.storage().profile().await?.ok_or(VaultError::NoProfile)?.condition)
    }

    /// Keeps edits, durably.
    pub(crate) async fn keep_edits(&self, edits: Vec<(ItemId, Vec<u8>)>) -> Result<(), VaultError> {
        self.check_created().await?;
        Ok(self.storage().add_edits(edits).await?)
    }

    /// The edit that makes a new item.
    pub(crate) fn new_item(
        &self,
        content: &Content,
        values: impl IntoIterator<Item = (FieldTag, Vec<u8>)>,
    ) -> Result<(ItemId, Vec<u8>), VaultError> {
        // What does not read back would take the whole vault with it.
        if let Content::Passkey(passkey) = content {
            passkey.check().map_err(|_| VaultError::BadValue)?;
        }
        let id = ItemId::new(random::bytes(&mut random::system()));
        let mut fields = Fields::default();
        for (tag, value) in values {
            self.set_field(&mut fields, tag, value)?;
        }
        Ok((id, self.new_edit(id, content, &fields)))
    }

    /// The edit that makes an item with these fields.
    pub(crate) fn new_edit(&self, id: ItemId, content: &Content, fields: &Fields) -> Vec<u8> {
        edits::seal(self.local.profile().account, &self.keys, id, Some(content), fields)
    }

    /// The edit that sets a field after whatever stands.
    pub(crate) fn field_edit(
        &self,
        contents: &Contents,
        id: ItemId,
        tag: FieldTag,
        value: Vec<u8>,
    ) -> Result<(ItemId, Vec<u8>), VaultError> {
        let item = item_of(contents, id).ok_or(VaultError::NotFound)?;
        if !item.content.takes(tag) {
            return Err(VaultError::NotEditable);
        }
        let mut fields = item.fields.clone();
        self.set_field(&mut fields, tag, value)?;
        let mut edit = Fields::default();
        if let Some(field) = fields.field(tag) {
            edit.absorb(tag, field.clone());
        }
        Ok((id, edits::seal(self.local.profile().account, &self.keys, id, None, &edit)))
    }

    pub(crate) fn set_field(&self, fields: &mut Fields, tag: FieldTag, value: Vec<u8>) -> Result<(), VaultError> {
        if !tag.admits(&value) {
            return Err(VaultError::BadValue);
        }
        fields.set(tag, value, self.local.clock().now(), self.keys.id());
        Ok(())
    }

    pub(crate) fn storage(&self) -> &Arc<dyn Storage> {
        self.local.storage()
    }

    pub(crate) fn epoch_keys(&self, held: &Held) -> EpochKeys {
        EpochKeys::open(&self.keys, &held.roster, &held.entries, &held.sealed_keys, &held.links)
    }

    pub(crate) async fn edits(&self) -> Result<BTreeMap<ItemId, ItemEdit>, VaultError> {
        let edits = self.storage().edits().await?;
        edits::open(self.local.profile().account, &self.keys, &edits)
    }
}

/// Refuses where an edit could be lost: an account that the server refuses is erased.
pub(super) fn check_created(condition: Condition) -> Result<(), VaultError> {
    match condition {
        Condition::Enrolling => Err(VaultError::Enrolling),
        Condition::Recovering => Err(VaultError::Recovering),
        Condition::Creating => Err(VaultError::NotCreated),
        Condition::Joining | Condition::Active => Ok(()),
    }
}
