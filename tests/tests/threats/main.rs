//! What lies on the way to the server, and who else is not honest: the real client against each, one short script a lie.
//! `tests/README.md` lists which threat is shown where, and which mutation of the program makes its test fail.

#![allow(clippy::type_complexity, reason = "tables of cases")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod hostile_client;
mod hostile_network;
mod hostile_page;
mod hostile_server;
mod world;
