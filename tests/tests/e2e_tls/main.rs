//! TLS as it is on the wire: version 1.3 only, post-quantum key exchange, and whose certificates count.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod certificates;
mod database;
mod negotiation;
mod rubbish;
mod wiretap;
