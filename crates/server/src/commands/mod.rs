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
mod tenancy;

pub use arguments::{Arguments, Form};
pub use health::HealthError;
pub use run::{CommandError, run};
pub use tenancy::{RootFileError, TenancyError, TokenError, Tries};
