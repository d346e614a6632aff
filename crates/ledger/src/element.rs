use std::collections::BTreeMap;

use keyfold_crypto::Hash;
use keyfold_wire::{ItemId, v1};

/// An item as the set hash counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// The item.
    pub item: ItemId,
    /// Its latest revision.
    pub revision: u64,
    /// The hash of that revision's envelope; `None` for a tombstone.
    pub envelope: Option<Hash>,
}

/// Where the elements before a commit are looked up.
pub trait Elements {
    /// The item's element; `None` if the item was never there.
    fn element(&self, item: &ItemId) -> Option<Element>;
}

impl Element {
    /// `item (16) ‖ revision (8, big-endian) ‖ envelope hash (32, zero for a tombstone) ‖ tombstone (1)`: 57 bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(57);
        bytes.extend_from_slice(self.item.as_bytes());
        bytes.extend_from_slice(&self.revision.to_be_bytes());
        bytes.extend_from_slice(self.envelope.unwrap_or(Hash::ZERO).as_bytes());
        bytes.push(u8::from(self.is_tombstone()));
        bytes
    }

    /// Whether the item was purged.
    #[must_use]
    pub const fn is_tombstone(&self) -> bool {
        self.envelope.is_none()
    }

    /// As a pull carries it.
    #[must_use]
    pub fn to_wire(&self) -> v1::Element {
        v1::Element {
            item: self.item.to_vec(),
            revision: self.revision,
            envelope_hash: self.envelope.unwrap_or(Hash::ZERO).to_vec(),
            tombstone: self.is_tombstone(),
        }
    }
}

/// A pull's element has a field of the wrong length, or a tombstone with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an element")]
pub struct NotAnElement;

impl TryFrom<&v1::Element> for Element {
    type Error = NotAnElement;

    fn try_from(element: &v1::Element) -> Result<Self, NotAnElement> {
        let hash = Hash::try_from(element.envelope_hash.as_slice()).map_err(|_| NotAnElement)?;
        if element.revision == 0 || (element.tombstone && hash != Hash::ZERO) {
            return Err(NotAnElement);
        }
        Ok(Self {
            item: element.item.as_slice().try_into().map_err(|_| NotAnElement)?,
            revision: element.revision,
            envelope: (!element.tombstone).then_some(hash),
        })
    }
}

impl Elements for BTreeMap<ItemId, Element> {
    fn element(&self, item: &ItemId) -> Option<Element> {
        self.get(item).copied()
    }
}
