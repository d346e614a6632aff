//! A device's profile and a server's database in memory. Each call happens as a whole or not at all, as on a disk; what is
//! kept can be copied as it is at a moment, and the power can be cut at any step.
//!
//! They keep and answer what the SQLite storages do: whoever tells stories over them tells some over those as well.

mod database;
mod power;
mod powered;
mod profile;

pub use database::MemoryDatabase;
pub use power::{Cut, Power};
pub use powered::Powered;
pub use profile::MemoryProfile;
