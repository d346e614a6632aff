//! The device SDK: what a companion client needs to hold an account's passkeys, sync them and sign in with them.
//!
//! A profile is one device in one account. [`storage`] keeps it, [`vault`] opens it with a passphrase and shows what is in
//! it, [`sync`] exchanges commits with the server over [`api`] and [`transport`], [`enrolment`] brings a further device in,
//! [`webauthn`] is the client of relying parties, over `keyfold-authenticator`, and [`browser`] has the messages of a browser's extension.
//! Storage, transport, clock, keyring
//! and prompts are traits: a phone has no file system and no terminal.
//!
//! Invariants:
//! - nothing that the server says counts before the whole of it is verified, and then it is stored in one step;
//! - what is sent is stored first and sent again as the same bytes; an edit stays until a commit that holds it is
//!   acknowledged. Only what lets a device in is never sent later: the person who agreed to it waits, or it does not happen;
//! - at rest everything that the server does not know is sealed under the device's secrets, and those under a passphrase,
//!   beside which a keyring may keep a key of its own for them;
//! - no URL that came from an item or the server is ever fetched.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{path::Path, sync::Arc};
//! use keyfold_client::{SystemClock, device::Passphrase, storage::SqliteStorage, vault::LocalVault};
//! let storage = SqliteStorage::open(Path::new("profiles/laptop")).await?;
//! let vault = LocalVault::open(Arc::new(storage), Arc::new(SystemClock)).await?;
//! let vault = vault.unlock(&Passphrase::typed("correct horse battery staple".to_owned().into())).await?;
//! println!("{} passkeys", vault.contents().await?.live().count());
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking"))]

pub mod api;
pub mod browser;
mod clock;
pub mod device;
pub mod enrolment;
pub mod evidence;
pub mod exchange;
pub mod item;
pub mod recovery;
pub mod storage;
pub mod sync;
pub mod transport;
pub mod vault;
pub mod webauthn;

pub use clock::{Clock, SystemClock, rfc3339};
pub use keyfold_authenticator as authenticator;
pub use keyfold_crypto::{
    SigningAlgorithm,
    enrolment::{CheckCode, NotACheckCode},
    passphrase::PassphraseError,
};
pub use keyfold_crypto::{
    VerifyingKey, random,
    recovery::{NotARecoveryCode, RecoveryCode},
};
pub use keyfold_ledger::{Chain, ForkError, ForkProof, PendingRecovery, Receipt, SafetyNumber, printable};
pub use keyfold_wire::{AccountId, ItemId, MemberId, v1::ProblemCode};
