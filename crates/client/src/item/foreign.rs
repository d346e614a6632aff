use std::fmt;

use keyfold_wire::v1;
use zeroize::Zeroizing;

use super::{
    ItemError,
    json::{Object, is_object},
};

/// An item of an exchanged file, or an account of it: the ids that the file gives them, at most 64 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId {
    /// The account's.
    pub account: Vec<u8>,
    /// The item's; `None` for the account itself.
    pub item: Option<Vec<u8>>,
}

/// What an exchanged file says that Keyfold does not use. Zeroizes on drop, and it prints as nothing: it may be a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Foreign {
    /// What it is said of.
    pub from: ExchangeId,
    /// A JSON object (RFC 8259): an item without the credentials that became passkeys, or an account without its items.
    pub document: Zeroizing<String>,
}

/// Where an imported passkey comes from, and what the file says of it that Keyfold does not use. Zeroizes on drop, and it
/// prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Imported {
    /// The item that it was in.
    pub from: ExchangeId,
    /// Its place among the item's credentials, from 0.
    pub position: u32,
    /// How many credentials before it are in the item's [`Foreign`].
    pub foreign_before: u32,
    /// Members of the credential, a JSON object; empty for none.
    pub credential: Zeroizing<String>,
    /// All members of the item but its credentials, a JSON object; empty where a [`Foreign`] has them.
    pub shell: Zeroizing<String>,
}

impl ExchangeId {
    /// The most bytes of an id.
    pub const MAX_LEN: usize = 64;

    fn to_wire(&self) -> v1::ExchangeId {
        v1::ExchangeId { account: self.account.clone(), item: self.item.clone() }
    }

    fn from_wire(id: Option<v1::ExchangeId>) -> Result<Self, ItemError> {
        let v1::ExchangeId { account, item } = id.ok_or(ItemError::Exchange)?;
        if account.len() > Self::MAX_LEN || item.as_ref().is_some_and(|item| item.len() > Self::MAX_LEN) {
            return Err(ItemError::Exchange);
        }
        Ok(Self { account, item })
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Foreign(..)")
    }
}

impl Foreign {
    /// The most bytes of a document.
    pub const MAX_LEN: usize = 60 * 1_024;

    /// What the item is called, for people; empty if it does not say.
    #[must_use]
    pub fn title(&self) -> String {
        Object::parse(&self.document).ok().and_then(|document| document.read("title")).unwrap_or_default()
    }

    /// The types of its credentials, such as `basic-auth`.
    #[must_use]
    pub fn kinds(&self) -> Vec<String> {
        let document = Object::parse(&self.document).ok();
        let credentials: Vec<Object> = document.and_then(|document| document.read("credentials")).unwrap_or_default();
        credentials.iter().filter_map(|credential| credential.read("type")).collect()
    }

    pub(super) fn to_wire(&self) -> v1::Foreign {
        v1::Foreign { from: Some(self.from.to_wire()), document: String::clone(&self.document) }
    }

    pub(super) fn from_wire(mut foreign: v1::Foreign) -> Result<Self, ItemError> {
        let document = object(&mut foreign.document, Self::MAX_LEN)?;
        if document.is_empty() {
            return Err(ItemError::Exchange);
        }
        Ok(Self { from: ExchangeId::from_wire(foreign.from.take())?, document })
    }
}

impl fmt::Debug for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Imported(..)")
    }
}

impl Imported {
    /// The most bytes of what is kept of a credential.
    pub const MAX_CREDENTIAL: usize = 8 * 1_024;
    /// The most bytes of what is kept of an item.
    pub const MAX_SHELL: usize = 16 * 1_024;

    pub(super) fn to_wire(&self) -> v1::Imported {
        v1::Imported {
            from: Some(self.from.to_wire()),
            position: self.position,
            foreign_before: self.foreign_before,
            credential: String::clone(&self.credential),
            shell: String::clone(&self.shell),
        }
    }

    pub(super) fn from_wire(mut imported: v1::Imported) -> Result<Self, ItemError> {
        let from = ExchangeId::from_wire(imported.from.take())?;
        if from.item.is_none() {
            return Err(ItemError::Exchange);
        }
        let credential = object(&mut imported.credential, Self::MAX_CREDENTIAL)?;
        let shell = object(&mut imported.shell, Self::MAX_SHELL)?;
        let (position, foreign_before) = (imported.position, imported.foreign_before);
        Ok(Self { from, position, foreign_before, credential, shell })
    }
}

/// Takes a JSON object of at most so many bytes, or nothing.
fn object(text: &mut String, most: usize) -> Result<Zeroizing<String>, ItemError> {
    let text = Zeroizing::new(std::mem::take(text));
    if text.len() <= most && (text.is_empty() || is_object(&text)) { Ok(text) } else { Err(ItemError::Exchange) }
}
