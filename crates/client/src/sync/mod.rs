//! The sync engine: pull what others wrote, verify all of it, merge, push what is new here.
//!
//! A server that is behind, as a restored backup is, gets back what it lost once the user says so. A chain failure stops sync and
//! is kept until the user acts; the local vault stays usable. A content failure quarantines one item and names its author.

mod account;
mod append;
mod behind;
mod content;
mod contents;
mod engine;
mod error;
mod evidence;
mod incoming;
mod interruption;
mod offer;
mod outgoing;
mod progress;
mod pull;
mod purge;
mod push;
mod recovery;
mod reencrypt;
mod removed;
mod reopen;
mod report;
mod rotate;
mod settle;
mod stage;
mod watch;

pub use append::AppendError;
pub use engine::SyncEngine;
pub use error::{Behind, ChainFailure, SyncError};
pub use offer::{OfferError, Offered};
pub use progress::{Progress, Quiet};
pub use recovery::RecoveryError;
pub use report::SyncReport;
pub use rotate::RemoveError;
pub use watch::WatchEvent;

pub(crate) use account::check_clock;
pub use account::{CreateError, NewAccount, create_account};
pub(crate) use append::{EntryKeys, NotAppended, RosterMoved};
