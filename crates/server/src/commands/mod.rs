//! What `keyfoldd` can be told to do.

mod arguments;
mod configuration;
mod invites;
mod migrate;
mod run;

pub use arguments::{Arguments, Form};
pub use run::{CommandError, run};
