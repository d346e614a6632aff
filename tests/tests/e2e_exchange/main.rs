//! Passkeys come from other programs and go to them, and none is worth less for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod any_file;
mod asked;
mod between_vaults;
mod document;
mod files;
mod recorded;
mod refused;
