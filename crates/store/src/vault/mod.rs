//! The vault half's storage traits.

mod accounts;
mod append;
mod chains;
mod enrolments;
mod guesses;
mod heads;
mod invites;
mod line;
mod news;
mod offers;
mod postgres_session;
mod pulls;
mod push;
mod push_base;
mod push_group;
mod push_postgres;
mod server_keys;
mod upkeep;

pub(crate) use server_keys::LOG_KEY;

use keyfold_vault::storage::PushWrite;

use self::{heads::HeadsOf, line::Line, push_base::BaseOf};

/// What waits to be done for several at once.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) pushes: Line<PushWrite>,
    bases: Line<BaseOf>,
    heads: Line<HeadsOf>,
}
