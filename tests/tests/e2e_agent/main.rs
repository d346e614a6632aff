//! `keyfold agent` and `keyfold browser`: how browsers come to a device's passkeys, what they are told when they do not, and how the
//! system verifies people. What they do in a browser is told in `tests/browser`, what other programs do in `tests/conformance`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod agent;
mod browser;
mod connecting;
mod locked;
mod pages;
mod terminal;
mod verified;
