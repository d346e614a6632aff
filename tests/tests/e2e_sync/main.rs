//! Sync through the real services and stores: devices that write at once or after a long time offline, over wires that
//! lose and cut what goes over them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

mod clocks;
mod cut_pulls;
mod epochs;
mod history;
mod interleavings;
mod lost_answers;
mod model;
mod racing;
mod recovery;
