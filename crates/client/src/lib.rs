//! The device SDK.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking"))]

pub mod api;
mod clock;
pub mod device;
pub mod enrolment;
pub mod item;
pub mod storage;
pub mod sync;
pub mod transport;
pub mod vault;
pub mod webauthn;

pub use clock::{Clock, SystemClock};
pub use keyfold_authenticator as authenticator;
pub use keyfold_crypto::{
    SigningAlgorithm,
    enrolment::{CheckCode, NotACheckCode},
    passphrase::PassphraseError,
};
pub use keyfold_ledger::SafetyNumber;
pub use keyfold_wire::{AccountId, ItemId, MemberId, v1::ProblemCode};
