//! What the services rely on when they store something, told once against the traits of `keyfold_vault::storage` and
//! `keyfold_assurance::storage`, and played on each database that there is.
//!
//! Messages are made up: storage keeps their bytes and asks nothing of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod abandoned;
mod accounts;
mod appends;
mod connections;
mod databases;
mod deletions;
mod durability;
mod enrolments;
mod groups;
mod guesses;
mod invites;
mod judgements;
mod leaves;
mod migrations;
mod names;
mod news;
mod offers;
mod offices;
mod pages;
mod presence;
mod pruning;
mod pulls;
mod purges;
mod pushes;
mod reports;
mod restores;
mod server_keys;
mod vaults;
