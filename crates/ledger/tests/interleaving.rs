//! Entries and commits come over the wire as two lists; there is one order in which they were made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeMap;

use keyfold_ledger::{Account, AccountError, Commit, CommitError, Entry, RosterError};
use proptest::prelude::*;
use world::World;

/// One step of a history. Positions in the two chains, in the order in which they were made.
#[derive(Debug, Clone, Copy)]
enum Step {
    Entry(usize),
    Commit(usize),
}

/// An account whose devices did all this, in this order: a name, a rotation, a write, a purge, or a device that comes and
/// goes.
fn history(moves: &[u8]) -> (World, Vec<Step>) {
    let mut world = World::of(&["laptop", "tpm"]);
    let mut steps: Vec<Step> = (2..world.entries.len()).map(Step::Entry).collect();
    for (number, step) in moves.iter().enumerate() {
        let by = if number % 2 == 0 { "laptop" } else { "tpm" };
        let device = format!("guest {number}");
        let before = world.entries.len();
        match step {
            0 => drop(world.rename(by, "laptop", &device)),
            1 => drop(world.rotate(by)),
            2 => {
                world.enrol(by, &device);
                world.remove(by, &[&device]);
            }
            3 if world.commits.len() % 3 == 2 && world.elements.values().any(|element| !element.is_tombstone()) => {
                let alive = (0..number).map(|number| format!("item {number}"));
                let mut alive = alive.filter(|name| {
                    world.elements.get(&world::item(name)).is_some_and(|element| !element.is_tombstone())
                });
                let name = alive.next_back().expect("one is alive");
                steps.push(Step::Commit(world.commits.len()));
                world.purge(by, &name);
            }
            _ => {
                steps.push(Step::Commit(world.commits.len()));
                world.write(by, &format!("item {number}"), "text");
            }
        }
        steps.extend((before..world.entries.len()).map(Step::Entry));
    }
    (world, steps)
}

fn lists(world: &World, steps: &[Step]) -> (Vec<Entry>, Vec<Commit>) {
    let mut lists = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Entry(number) => lists.0.push(world.entries[*number].clone()),
            Step::Commit(number) => lists.1.push(world.commits[*number].clone()),
        }
    }
    lists
}

fn founded(world: &World) -> Account {
    Account::found(&world.entries[0], &world.entries[1]).expect("founded")
}

/// What a device gets that pulls these steps at once.
fn pulled(world: &World, steps: &[Step]) -> Result<Account, AccountError> {
    let (entries, commits) = lists(world, steps);
    founded(world).extend(&entries, &commits, &mut BTreeMap::new())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn however_often_a_device_pulls_it_comes_to_the_same_account(
        moves in prop::collection::vec(0..6_u8, 1..14),
        pulls in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let (world, steps) = history(&moves);
        let mut ends: Vec<usize> = pulls.iter().map(|pull| pull.index(steps.len() + 1)).collect();
        ends.extend([0, steps.len()]);
        ends.sort_unstable();
        let (mut account, mut elements) = (founded(&world), BTreeMap::new());
        for ends in ends.windows(2) {
            let (entries, commits) = lists(&world, &steps[ends[0]..ends[1]]);
            account = account.extend(&entries, &commits, &mut elements).expect("a part of a history stands");
        }
        prop_assert_eq!((&account, &elements), (&world.account, &world.elements));
    }

    #[test]
    fn a_history_with_a_step_left_out_is_refused_unless_it_is_the_last(
        moves in prop::collection::vec(0..6_u8, 1..14),
        left_out in any::<prop::sample::Index>(),
    ) {
        let (world, mut steps) = history(&moves);
        let left_out = left_out.index(steps.len());
        steps.remove(left_out);
        let whole = pulled(&world, &steps);
        prop_assert_eq!(whole.is_ok(), left_out == steps.len(), "{:?}", whole);
        prop_assert!(pulled(&world, &steps[..left_out]).is_ok(), "what came before stands");
    }

    #[test]
    fn a_history_with_two_entries_or_two_commits_exchanged_or_one_twice_is_refused(
        moves in prop::collection::vec(0..6_u8, 3..14),
        (one, other) in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let (world, steps) = history(&moves);
        let (mut entries, mut commits) = lists(&world, &steps);
        let twice = steps[one.index(steps.len())];
        let mut repeated = steps.clone();
        repeated.push(twice);
        prop_assert!(pulled(&world, &repeated).is_err(), "{twice:?} twice");

        let (one_entry, other_entry) = (one.index(entries.len()), other.index(entries.len()));
        if one_entry != other_entry {
            entries.swap(one_entry, other_entry);
            let swapped = founded(&world).extend(&entries, &commits, &mut BTreeMap::new());
            prop_assert!(swapped.is_err(), "entries {one_entry} and {other_entry}");
            entries.swap(one_entry, other_entry);
        }
        let of_commits = |index: prop::sample::Index| index.index(commits.len().max(1));
        let (one_commit, other_commit) = (of_commits(one), of_commits(other));
        if one_commit != other_commit {
            commits.swap(one_commit, other_commit);
            let swapped = founded(&world).extend(&entries, &commits, &mut BTreeMap::new());
            prop_assert!(swapped.is_err(), "commits {one_commit} and {other_commit}");
        }
    }
}

#[test]
fn a_commit_from_before_an_entry_does_not_stand_after_it() {
    let mut world = World::of(&["laptop", "phone"]);
    let queued = world.signed_commit("phone", &[world.writes("mail", "1")]);
    assert!(world.pushed(&queued).is_ok());
    world.rename("laptop", "laptop", "Ana's laptop");
    assert_eq!(world.pushed(&queued).map(drop), Err(CommitError::WrongRoster.into()));
}

#[test]
fn an_entry_from_before_a_commit_does_not_stand_after_it() {
    let mut world = World::of(&["laptop", "phone"]);
    let made = world.signed("laptop", world.renaming("phone", "Ana's phone"));
    assert!(world.account.append(&made).is_ok());
    world.write("phone", "mail", "1");
    assert_eq!(world.account.append(&made).map(drop), Err(AccountError::VaultHead));
}

#[test]
fn of_two_writes_at_once_one_wins_and_the_other_is_made_again() {
    let mut world = World::of(&["laptop", "phone"]);
    let slower = world.signed_commit("phone", &[world.writes("bank", "1")]);
    world.write("laptop", "mail", "1");
    assert_eq!(world.pushed(&slower).map(drop), Err(CommitError::NotNext.into()));
    world.write("phone", "bank", "1");
    assert_eq!(world.account.vault().count(), 2);
}

#[test]
fn of_two_entries_at_once_one_wins_and_the_other_is_made_again() {
    let mut world = World::of(&["laptop", "phone", "tablet"]);
    let slower = world.signed("phone", world.renaming("phone", "Ana's phone"));
    world.remove("laptop", &["tablet"]);
    assert_eq!(world.account.append(&slower).map(drop), Err(RosterError::NotNext.into()));
    world.rename("phone", "phone", "Ana's phone");
}
