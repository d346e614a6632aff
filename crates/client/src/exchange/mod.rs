//! Passkeys that come from other programs and go to them: the Credential Exchange Format 1.0 of the FIDO Alliance (CXF), by
//! default in an age file under a passphrase.
//!
//! A file holds accounts, an account items, an item credentials. A passkey becomes an item of the vault; what else there is
//! stays as it was written, to the letter but for white space and escapes in names, and an export gives it back (see
//! proto/README.md section 9.1). The crate `credential-exchange-format` reads and writes passkeys; it copies what it
//! holds, and does not wipe these copies.
//!
//! Data enters by [`Exchange::read`], is compared with the vault by [`UnlockedVault::plan_import`], and stays by
//! [`UnlockedVault::import`], in one step. It leaves by [`UnlockedVault::export`], and counts as gone from then on: the
//! [`ExportRecord`](crate::item::ExportRecord) is durable before there is a file.
//!
//! [`UnlockedVault::plan_import`]: crate::vault::UnlockedVault::plan_import
//! [`UnlockedVault::import`]: crate::vault::UnlockedVault::import
//! [`UnlockedVault::export`]: crate::vault::UnlockedVault::export

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod error;
mod export;
mod extension;
mod import;
mod passkey;
mod read;
mod records;
mod rest;
mod sealed;
mod write;

pub use error::ExchangeError;
pub use export::{ExportPlan, Exported, Remains};
pub use import::{ImportPlan, Planned};
pub use read::{Exchange, Exporter, Importer, LeftOut, Setback};
pub use records::{ExportOf, Exports};
pub use sealed::{is_encrypted, open, seal};

/// The most items and credentials of a file, together.
pub const MAX_PARTS: usize = 400_000;
/// The most bytes of a file, encrypted or not.
pub const MAX_FILE: usize = 64 * 1024 * 1024;
