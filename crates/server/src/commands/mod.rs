//! What `keyfoldd` can be told to do.

mod arguments;
mod backup;
mod configuration;
mod health;
mod invites;
mod migrate;
mod progress;
mod restore;
mod run;

pub use arguments::{Arguments, Form};
pub use health::HealthError;
pub use run::{CommandError, run};
