//! What a server could put into an account, leave out of it, or show in its place: the ledger refuses each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../world/mod.rs"]
mod world;

mod forged;
mod other_histories;
mod withheld;

use std::collections::BTreeMap;

use keyfold_ledger::{Account, AccountError};
use world::World;

/// What a device that has seen `known` gets of a server that hands it what `shown` holds beyond that.
fn synced(known: &World, shown: &World) -> Result<Account, AccountError> {
    let (entries, commits) = (&shown.entries[known.entries.len()..], &shown.commits[known.commits.len()..]);
    known.account.clone().extend(entries, commits, &mut known.elements.clone())
}

/// What a device gets that begins with nothing but the account's id, as a recovering one does.
fn pulled_afresh(shown: &World) -> Result<Account, AccountError> {
    let founded = Account::found(&shown.entries[0], &shown.entries[1])?;
    founded.extend(&shown.entries[2..], &shown.commits, &mut BTreeMap::new())
}
