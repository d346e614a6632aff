//! A device comes into an account, whatever interrupts it on the way: crashes at each step, lost answers, and people who
//! mistype.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod backup_state;
mod codes;
mod interrupted;
mod killed;
mod let_in;
mod lost_answers;
mod terminal;
mod typed;
mod world;
