//! The tables as SeaORM sees them. They never leave this crate.

pub(crate) mod accounts;
pub(crate) mod commits;
pub(crate) mod deleted_accounts;
pub(crate) mod enrolments;
pub(crate) mod epoch_links;
pub(crate) mod guesses;
pub(crate) mod invites;
pub(crate) mod purges;
pub(crate) mod revisions;
pub(crate) mod roster_entries;
pub(crate) mod sealed_keys;
pub(crate) mod server_keys;
pub(crate) mod session_nonces;
