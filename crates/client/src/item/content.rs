use keyfold_wire::v1;

use super::{FieldTag, Foreign, ItemError, Passkey, SignedExport};

/// What an item is. It never changes once the item is made; zeroizes on drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A passkey.
    Passkey(Box<Passkey>),
    /// What another program exported and Keyfold does not use, kept for the next export.
    Foreign(Foreign),
    /// The record of an export.
    Export(SignedExport),
}

impl Content {
    /// Whether people may edit this of it.
    #[must_use]
    pub fn takes(&self, tag: FieldTag) -> bool {
        match self {
            Self::Passkey(_) => true,
            Self::Foreign(_) => tag == FieldTag::Deleted,
            Self::Export(_) => false,
        }
    }

    /// Writes the content into the message; the message wipes it.
    pub(super) fn put_into(&self, message: &mut v1::Item) {
        match self {
            Self::Passkey(passkey) => message.passkey = Some(passkey.to_wire()),
            Self::Foreign(foreign) => message.foreign = Some(foreign.to_wire()),
            Self::Export(export) => message.export = Some(export.to_wire()),
        }
    }

    /// Takes the content out of the message: one, or none.
    pub(super) fn take_from(message: &mut v1::Item) -> Result<Option<Self>, ItemError> {
        match (message.passkey.take(), message.foreign.take(), message.export.take()) {
            (None, None, None) => Ok(None),
            (Some(passkey), None, None) => Ok(Some(Self::from(Passkey::from_wire(passkey)?))),
            (None, Some(foreign), None) => Ok(Some(Self::Foreign(Foreign::from_wire(foreign)?))),
            (None, None, Some(export)) => Ok(Some(Self::Export(SignedExport::from_wire(export)?))),
            _ => Err(ItemError::Content),
        }
    }
}

impl From<Passkey> for Content {
    fn from(passkey: Passkey) -> Self {
        Self::Passkey(Box::new(passkey))
    }
}
