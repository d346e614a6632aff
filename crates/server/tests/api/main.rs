//! The server as devices, strangers and operators meet it: in this process, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod addresses;
mod bodies;
mod data;
mod enrolments;
mod probes;
mod queries;
mod sessions;
mod story;
mod streams;
mod world;
