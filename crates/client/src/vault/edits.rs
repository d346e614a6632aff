use std::collections::BTreeMap;

use keyfold_crypto::random;
use keyfold_wire::{AccountId, ItemId};

use super::VaultError;
use crate::{
    device::DeviceKeys,
    item::{Content, FieldTag, Fields, decode_edit, encode_edit},
    storage::Edit,
};

/// All edits of one item that no acknowledged commit holds.
#[derive(Default)]
pub(crate) struct ItemEdit {
    /// The edits' numbers.
    pub(crate) ids: Vec<i64>,
    /// What it is, if it is new.
    pub(crate) content: Option<Content>,
    /// What was edited.
    pub(crate) fields: Fields,
    /// When the first use among the edits was, Unix milliseconds.
    pub(crate) first_use: Option<u64>,
}

/// Seals an edit for this device alone.
pub(crate) fn seal(
    account: AccountId,
    device: &DeviceKeys,
    item: ItemId,
    content: Option<&Content>,
    fields: &Fields,
) -> Vec<u8> {
    device.local.seal(&context(account, item), &encode_edit(content, fields), &mut random::system())
}

/// Opens edits, each item's together.
pub(crate) fn open(
    account: AccountId,
    device: &DeviceKeys,
    edits: &[Edit],
) -> Result<BTreeMap<ItemId, ItemEdit>, VaultError> {
    let damaged = || VaultError::Damaged("an unsent edit does not open".to_owned());
    let mut items: BTreeMap<ItemId, ItemEdit> = BTreeMap::new();
    for edit in edits {
        let plaintext = device.local.open(&context(account, edit.item), &edit.sealed).map_err(|_| damaged())?;
        let (content, fields) = decode_edit(&plaintext).map_err(|_| damaged())?;
        let item = items.entry(edit.item).or_default();
        item.ids.push(edit.id);
        item.first_use = item.first_use.or(fields.field(FieldTag::LastUsed).map(|used| used.stamp.ms));
        item.content = item.content.take().or(content);
        item.fields = std::mem::take(&mut item.fields).merge(fields);
    }
    Ok(items)
}

/// `"edit" ‖ account (16) ‖ item (16)`
fn context(account: AccountId, item: ItemId) -> Vec<u8> {
    [b"edit".as_slice(), account.as_bytes(), item.as_bytes()].concat()
}
