//! The server as devices, strangers and operators meet it: in this process, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod accounts;
mod addresses;
mod bodies;
mod chains;
mod data;
mod enrolments;
mod forms;
mod limits;
mod paths;
mod probes;
mod pulls;
mod queries;
mod sessions;
mod signatures;
mod steps;
mod story;
mod streams;
mod world;
