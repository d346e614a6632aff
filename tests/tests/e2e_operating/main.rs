//! What operators do with `keyfoldd`, and what both programs say of themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod account_delete;
mod configuration;
mod dashboard;
mod health;
mod help;
mod invites;
mod json;
mod listeners;
mod logs;
mod newer;
mod traces;
