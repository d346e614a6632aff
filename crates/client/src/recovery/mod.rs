//! A device that a recovery code lets in, where no other device is left to do it.
//!
//! [`FoundAccount::find`] looks: it verifies the whole history and changes nothing. What its user then confirms begins the
//! recovery ([`FoundAccount::begin`]), which every device of the account shows and may stop. Once its delay has passed,
//! [`finish`] makes this profile a device of the account; before it may write, it puts another code in the place of the one
//! that was used ([`SyncEngine::replace_recovery`](crate::sync::SyncEngine::replace_recovery)).

mod begin;
mod error;
mod finish;
mod found;

pub use begin::{Begun, NewcomerByCode};
pub use error::RecoverError;
pub use finish::finish;
pub use found::FoundAccount;
