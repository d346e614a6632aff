//! A server that was restored from a backup, and the devices that give it back what it lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod command_line;
mod given_up;
mod offers;
mod refused;
