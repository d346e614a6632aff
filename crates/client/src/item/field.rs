use std::{cmp::Ordering, fmt};

use keyfold_wire::v1;
use sha2::{Digest, Sha256};

use super::Stamp;

/// What a field says of a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldTag {
    /// `user.name` as the relying party gave it, UTF-8.
    UserName,
    /// `user.displayName`, UTF-8.
    UserDisplayName,
    /// `rp.name`, UTF-8.
    RpName,
    /// The user's own name for the passkey, UTF-8.
    Label,
    /// One byte: 1 deleted, 0 restored.
    Deleted,
    /// When it last signed in: u64 big-endian, Unix milliseconds.
    LastUsed,
    /// What its relying party keeps beside it (WebAuthn largeBlob): u64 big-endian, the blob's size in bytes, then the blob
    /// as CTAP compresses it (RFC 1951). Empty for none.
    LargeBlob,
    /// One byte: 1 hidden from sign-ins, since its relying party knows it no more; 0 shown again.
    Hidden,
    /// The ids of the items, 16 bytes each, that this passkey replaces once its site has named it without them. Empty once it has
    /// named it.
    Replaces,
}

impl FieldTag {
    /// The most bytes of a text.
    pub const MAX_LEN: usize = 1_024;
    /// The most bytes of a large blob's value.
    pub const MAX_BLOB: usize = 32 * 1_024;
    /// The most items that a passkey replaces.
    pub const MOST_REPLACED: usize = 64;

    /// Whether `value` is one that this field can have.
    #[must_use]
    pub fn admits(self, value: &[u8]) -> bool {
        match self {
            Self::UserName | Self::UserDisplayName | Self::RpName | Self::Label => {
                value.len() <= Self::MAX_LEN && std::str::from_utf8(value).is_ok()
            }
            Self::Deleted | Self::Hidden => matches!(value, [0 | 1]),
            Self::LastUsed => value.len() == 8,
            Self::LargeBlob => value.is_empty() || (9..=Self::MAX_BLOB).contains(&value.len()),
            Self::Replaces => value.len().is_multiple_of(ID) && value.len() <= Self::MOST_REPLACED * ID,
        }
    }

    pub(crate) const fn to_wire(self) -> v1::FieldTag {
        match self {
            Self::UserName => v1::FieldTag::UserName,
            Self::UserDisplayName => v1::FieldTag::UserDisplayName,
            Self::RpName => v1::FieldTag::RpName,
            Self::Label => v1::FieldTag::Label,
            Self::Deleted => v1::FieldTag::Deleted,
            Self::LastUsed => v1::FieldTag::LastUsed,
            Self::LargeBlob => v1::FieldTag::LargeBlob,
            Self::Hidden => v1::FieldTag::Hidden,
            Self::Replaces => v1::FieldTag::Replaces,
        }
    }

    pub(crate) fn from_wire(tag: i32) -> Option<Self> {
        match v1::FieldTag::try_from(tag).ok()? {
            v1::FieldTag::Unspecified => None,
            v1::FieldTag::UserName => Some(Self::UserName),
            v1::FieldTag::UserDisplayName => Some(Self::UserDisplayName),
            v1::FieldTag::RpName => Some(Self::RpName),
            v1::FieldTag::Label => Some(Self::Label),
            v1::FieldTag::Deleted => Some(Self::Deleted),
            v1::FieldTag::LastUsed => Some(Self::LastUsed),
            v1::FieldTag::LargeBlob => Some(Self::LargeBlob),
            v1::FieldTag::Hidden => Some(Self::Hidden),
            v1::FieldTag::Replaces => Some(Self::Replaces),
        }
    }
}

/// A value and when it was set. It prints without the value: what people call a passkey is as private as the passkey.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// When, and by which device.
    pub stamp: Stamp,
    /// As the tag says.
    pub value: Vec<u8>,
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("stamp", &self.stamp).finish_non_exhaustive()
    }
}

impl Field {
    /// Which of two edits stands: the later stamp, and of equal stamps the value with the greater SHA-256.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Ordering {
        self.stamp.cmp(&other.stamp).then_with(|| Sha256::digest(&self.value).cmp(&Sha256::digest(&other.value)))
    }
}

/// Bytes of an item's id.
const ID: usize = 16;
