//! A backup is a SQLite database with this program's schema, whatever the original is: all rows as of one moment, but those
//! that last for minutes, and the server's files that its devices pin. It has its name only once it is whole.

mod attachments;
mod copy;
mod digest;
mod make;
mod restore;

pub use attachments::Attachment;
pub use make::BackupError;
pub use restore::{Existing, RestoreError, Restored, restore};

/// Told how far a backup or a restore has come: so many of so many rows.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// What a backup holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contents {
    /// Accounts.
    pub accounts: u64,
    /// Rows of all tables.
    pub rows: u64,
}
