//! What an envelope holds: a passkey or what else there is, which never changes, and fields that people and devices edit.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod content;
mod export;
mod field;
mod fields;
mod foreign;
pub(crate) mod json;
mod passkey;
mod plaintext;
mod stamp;

pub use content::Content;
pub use export::{ExportRecord, SignedExport};
pub use field::{Field, FieldTag};
pub use fields::Fields;
pub use foreign::{ExchangeId, Foreign, Imported};
pub use keyfold_authenticator::{Algorithm, CredProtect, Discoverability};
pub use passkey::{Key, Passkey, Protection, Secrets};
pub use plaintext::{Item, ItemError, Revision};
pub(crate) use plaintext::{decode_edit, encode_edit};
pub use stamp::Stamp;

/// So long after its deletion a passkey may be purged, and until then restored: 30 days in milliseconds.
pub const PURGED_AFTER: u64 = 30 * 24 * 60 * 60 * 1_000;
