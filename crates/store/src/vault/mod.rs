//! The vault half's storage traits.

mod accounts;
mod append;
mod chains;
mod enrolments;
mod guesses;
mod heads;
mod invites;
mod line;
mod offers;
mod pulls;
mod push;
mod push_base;
mod push_group;
mod push_postgres;
mod server_keys;
mod upkeep;

pub(crate) use line::Line;
pub(crate) use push_base::BaseOf;
pub(crate) use server_keys::LOG_KEY;
