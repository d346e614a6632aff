//! What the services need of a database. Every operation is atomic: it happens as a whole, durably, or not at all.
//!
//! A write names the heads that it was checked against and is refused ([`Appended::Moved`], [`Written::Moved`]) if they
//! are no longer the account's: services verify in memory, outside any transaction, and lose nothing but the attempt. No operation touches
//! two accounts.

mod accounts;
mod chains;
mod enrolments;
mod error;
mod fences;
mod guesses;
mod heads;
mod invites;
mod news;
mod reads;
mod server_keys;
mod upkeep;

pub use keyfold_crypto::Hash;
pub use keyfold_ledger::{Element, SetState};
pub use keyfold_wire::{AccountId, EnrolmentId, ItemId, MemberId, v1::Signed};

pub use accounts::{AccountStorage, Created, Deleted, Deletion, NewAccount, Standing};
pub use chains::{
    AppendWrite, Appended, ChainStorage, Change, KEPT_REVISIONS, LookupChange, Offered, PushBase, PushWrite, Taken,
    Written,
};
pub use enrolments::{Claim, EnrolmentRow, EnrolmentStep, EnrolmentStorage, NewEnrolment, UsedEnrolment};
pub use error::StorageError;
pub use fences::Fences;
pub(crate) use fences::{Aim, Asker};
pub use guesses::{GuessStorage, GuessWindow, NonceStorage};
pub use heads::Heads;
pub use invites::{InviteHash, InviteRow, InviteStorage};
pub use news::{RosterNews, RosterNewsStorage};
pub use reads::{CommitRow, Cursor, EntryRow, PullStorage, RevisionRow, Span};
pub use server_keys::{KeyKind, ServerKey, ServerKeyStorage};
pub use upkeep::{Swept, Upkeep};

/// Everything that the services need of a database.
pub trait Storage:
    AccountStorage
    + ChainStorage
    + PullStorage
    + EnrolmentStorage
    + GuessStorage
    + NonceStorage
    + InviteStorage
    + ServerKeyStorage
    + RosterNewsStorage
    + Upkeep
{
}

impl<T> Storage for T where
    T: AccountStorage
        + ChainStorage
        + PullStorage
        + EnrolmentStorage
        + GuessStorage
        + NonceStorage
        + InviteStorage
        + ServerKeyStorage
        + RosterNewsStorage
        + Upkeep
{
}
