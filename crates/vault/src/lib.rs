//! The blind half's services: accounts, enrolment, sync and sessions, over traits for storage, bus and clock.
//!
//! What is stored is ciphertext and two signed chains. A request is verified in memory against the account as it stands
//! and then written under the condition that it still stands there; the write is durable before the answer, and the same
//! bytes get the same answer again.
//!
//! Invariants:
//! - nothing is stored that `keyfold-ledger` would refuse, and nothing is told of an account but to its active devices;
//! - every limit is checked before anything is written, and every refusal is a typed error;
//! - no async runtime, web framework or database is known here.
//!
//! ```no_run
//! # async fn example(storage: std::sync::Arc<dyn keyfold_vault::storage::Storage>, bus: std::sync::Arc<dyn keyfold_vault::Bus>) -> Result<(), Box<dyn std::error::Error>> {
//! use keyfold_vault::{Limits, Services, Settings, SignUp, SystemClock};
//! let settings = Settings { public_url: "https://localhost:8443".into(), sign_up: SignUp::Open, limits: Limits::default() };
//! let services = Services::start(storage, bus, None, std::sync::Arc::new(SystemClock), settings).await?;
//! assert_eq!(services.info().protocol, 1);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

pub mod accounts;
mod bus;
mod caller;
pub mod chains;
mod clock;
pub mod enrolments;
mod heads;
mod informing;
mod invites;
mod limits;
pub mod pull;
mod quota;
mod receipts;
mod recovery;
mod rosters;
mod sealed;
mod services;
pub mod sessions;
pub mod storage;

pub use keyfold_crypto::{exact, request::SignedHeaders};

pub use bus::{Bus, Ear, Subscription, Topic};
pub use caller::Caller;
pub use clock::{Clock, SystemClock};
pub use heads::{CachedHeads, HeadBoard, HeadCache, HeadError};
pub use informing::{Informing, NotSigned, RosterFacts};
pub use invites::{Invite, Invites, NotAnInvite, SignUp};
pub use limits::{LimitError, LimitOutOfRange, Limits};
pub use receipts::ReceiptSigner;
pub use recovery::{Recovery, RecoveryError};
pub use rosters::AccountUnavailable;
pub use sealed::SealedError;
pub use services::{Services, Settings};
