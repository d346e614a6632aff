//! The vault half's storage traits.

mod accounts;
mod append;
mod chains;
mod enrolments;
mod guesses;
mod heads;
mod invites;
mod offers;
mod pulls;
mod push;
mod push_base;
mod push_postgres;
mod push_queue;
mod server_keys;
mod upkeep;

pub(crate) use push_queue::PushQueue;
pub(crate) use server_keys::LOG_KEY;
