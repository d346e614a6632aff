//! An account with named devices, made in a line.
//!
//! `World::of(&["laptop", "phone"])` is an account that the laptop founded and the phone joined. A name that begins with
//! "tpm" is a device that signs with ES256, one that begins with "code" is a recovery code. Copies of a world go separate
//! ways: that is how histories fork.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod attempt;
mod bodies;
mod cases;
mod damage;
mod entries;
mod people;
mod writing;

use std::collections::BTreeMap;

use keyfold_crypto::{EpochKey, SigningKey, random};
use keyfold_ledger::{Account, Chain, Commit, Element, Entry, Receipt, author};
use keyfold_wire::{ItemId, v1};

#[allow(unused_imports, reason = "each test file uses its part")]
pub(crate) use self::{
    attempt::{Commits, Entries, rotation_in},
    bodies::recovery_transcript_of,
    cases::{Case, case, each_breaks_just_its_rule, every},
    damage::{flips, mutated},
    people::{description, log_key, other_log_key, person},
    writing::{envelope, item},
};

pub(crate) const START: u64 = 1_800_000_000_000;
pub(crate) const HOUR: u64 = 60 * 60 * 1000;

/// An account as a device holds it that has seen everything.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) account: Account,
    pub(crate) entries: Vec<Entry>,
    pub(crate) commits: Vec<Commit>,
    pub(crate) elements: BTreeMap<ItemId, Element>,
    pub(crate) epoch_keys: Vec<(u64, EpochKey)>,
    pub(crate) now: u64,
}

impl World {
    /// The first device founds the account and lets the others in.
    pub(crate) fn of(devices: &[&str]) -> Self {
        let (first, others) = devices.split_first().expect("an account begins with a device");
        let mut world = Self::founded_by(first);
        for other in others {
            world.enrol(first, other);
        }
        world
    }

    pub(crate) fn founded_by(device: &str) -> Self {
        let (log_key, device) = (log_key().verifying_key(), (device, person(device)));
        let founded = author::found(&device.1, &description(device.0), &log_key, START, &mut random::system())
            .expect("an account is founded");
        Self {
            account: Account::found(&founded.genesis, &founded.rotation).expect("a founded account stands"),
            entries: vec![founded.genesis, founded.rotation],
            commits: Vec::new(),
            elements: BTreeMap::new(),
            epoch_keys: vec![(1, founded.epoch_key)],
            now: START,
        }
    }

    pub(crate) fn wait(&mut self, milliseconds: u64) {
        self.now += milliseconds;
    }

    /// What the server signs for the head of the roster.
    pub(crate) fn roster_receipt(&self, log_key: &SigningKey) -> v1::Signed {
        let roster = self.account.roster();
        let receipt =
            Receipt { account: roster.account(), chain: Chain::Roster, seq: roster.seq(), head: roster.head() };
        receipt.issue(log_key)
    }

    /// What the server signs for the head of the vault.
    pub(crate) fn vault_receipt(&self, log_key: &SigningKey) -> v1::Signed {
        let vault = self.account.vault();
        Receipt { account: vault.account(), chain: Chain::Vault, seq: vault.seq(), head: vault.head() }.issue(log_key)
    }
}
