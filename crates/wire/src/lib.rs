//! The wire protocol's types: everything in [`v1`] is generated from `proto/`. Written by hand are only the ids, and that
//! messages with secrets print nothing and are wiped.
//!
//! The specification is `proto/README.md`. What these types hold is *unchecked*: they say what a message's bytes say.
//! `keyfold-crypto::exact` decodes them strictly, and `keyfold-ledger` turns them into checked types.
//!
//! ```
//! use keyfold_wire::AccountId;
//! let id: AccountId = "aaaqeayeaudaocajbifqydiob4".parse()?;
//! assert_eq!(id.as_bytes()[15], 15);
//! # Ok::<(), keyfold_wire::IdError>(())
//! ```

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod id;
mod secret;

pub use id::{AccountId, ClientId, EnrolmentId, IdError, ItemId, MemberId, TenantId};

/// Version 1 of the protocol, package `keyfold.v1`.
#[allow(missing_docs, unreachable_pub, reason = "generated; the documentation is in proto/")]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/keyfold.v1.rs"));
}
