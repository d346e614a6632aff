//! Both chains held against each other, and what a device that was just enrolled begins with.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeMap;

use keyfold_ledger::{Account, AccountError, Commit, CommitError, Element, Entry, RosterError};
use keyfold_wire::ItemId;
use prost::Message;
use world::{Case, World, case, each_breaks_just_its_rule, every, item};

#[test]
fn every_rule_of_an_account_refuses_what_breaks_just_it() {
    let cases = [chains(), enrolled()].into_iter().flatten().collect();
    each_breaks_just_its_rule(cases, every!(AccountError { Roster, Vault, VaultHead, NoSnapshotEntry }));
}

fn chains() -> Vec<Case<AccountError>> {
    let mut world = World::of(&["laptop"]);
    let before = world.clone();
    world.write("laptop", "mail", "1");
    let rename = world.signed("laptop", world.renaming("laptop", "Ana's"));
    let stale = before.signed("laptop", before.renaming("laptop", "Ana's"));
    let commit = before.signed_commit("laptop", &[before.writes("mail", "2")]);
    let appended = |world: &World, entry| world.account.append(entry).map(drop);
    vec![
        case(
            "an entry names the vault's head",
            appended(&before, &stale),
            appended(&world, &stale),
            AccountError::VaultHead,
        ),
        case(
            "no entry is ahead of the vault",
            appended(&world, &rename),
            appended(&before, &rename),
            AccountError::VaultHead,
        ),
        case(
            "an account's entries are its roster's",
            appended(&world, &rename),
            appended(&world, &world.entries[0]),
            RosterError::NotNext.into(),
        ),
        case(
            "an account's commits are its vault's",
            before.pushed(&commit).map(drop),
            world.pushed(&commit).map(drop),
            CommitError::NotNext.into(),
        ),
    ]
}

/// An old vault has many thousands of commits under a few rosters.
#[test]
fn a_commit_copies_no_roster() {
    let world = World::of(&["laptop", "phone"]);
    let commit = world.signed_commit("laptop", &[world.writes("mail", "1")]);
    let (after, _) = world.pushed(&commit).expect("an honest commit");
    assert!(std::ptr::eq(world.account.roster(), after.roster()));
}

/// What the server hands to a device that was just enrolled.
#[derive(Clone)]
struct Handed {
    entries: Vec<Entry>,
    transcript: Vec<u8>,
    commit: Option<Commit>,
    elements: BTreeMap<ItemId, Element>,
}

impl Handed {
    fn to(device: &str, world: &mut World) -> Self {
        let transcript = world.transcript("laptop", device).encode_to_vec();
        world.enrol("laptop", device);
        Self {
            entries: world.entries.clone(),
            transcript,
            commit: world.commits.last().cloned(),
            elements: world.elements.clone(),
        }
    }

    fn begins(&self) -> Result<Account, AccountError> {
        Account::from_enrolment(&self.entries, &self.transcript, self.commit.as_ref(), &self.elements)
    }
}

fn enrolled() -> Vec<Case<AccountError>> {
    let mut world = World::of(&["laptop"]);
    let empty = Handed::to("tablet", &mut world);
    world.push("laptop", &[world.writes("mail", "1"), world.writes("bank", "1")]);
    world.write("tablet", "mail", "2");
    world.purge("laptop", "bank");
    let handed = Handed::to("phone", &mut world);
    let changed = |rule, change: &dyn Fn(&mut Handed), error: AccountError| {
        let mut other = handed.clone();
        change(&mut other);
        case(rule, handed.begins().map(drop), other.begins().map(drop), error)
    };
    let snapshot = AccountError::Vault(CommitError::Snapshot);
    let news = Element { item: item("news"), ..handed.elements[&item("mail")] };
    let mut cases = vec![
        changed("a roster", &|handed| handed.entries.clear(), RosterError::NotGenesis.into()),
        changed("from the genesis", &|handed| drop(handed.entries.remove(0)), RosterError::NotGenesis.into()),
        changed("without a gap", &|handed| drop(handed.entries.remove(2)), RosterError::NotNext.into()),
        changed("up to its own entry", &|handed| drop(handed.entries.pop()), AccountError::NoSnapshotEntry),
        changed("which is the one that it signed", &|handed| handed.transcript[20] ^= 1, AccountError::NoSnapshotEntry),
        changed(
            "not another device's",
            &|handed| handed.transcript = empty.transcript.clone(),
            AccountError::NoSnapshotEntry,
        ),
        changed(
            "no element is missing",
            &|handed| {
                handed.elements.remove(&item("mail"));
            },
            snapshot,
        ),
        changed(
            "no tombstone is missing",
            &|handed| {
                handed.elements.remove(&item("bank"));
            },
            snapshot,
        ),
        changed(
            "no element is added",
            &|handed| {
                handed.elements.insert(item("news"), news);
            },
            snapshot,
        ),
        changed("no element is another", &|handed| edit(handed, |mail| mail.revision = 1), snapshot),
        changed(
            "no commit is another",
            &|handed| handed.commit = Some(world.commits[1].clone()),
            CommitError::NotNext.into(),
        ),
        changed("a vault that was written to is not empty", &|handed| handed.commit = None, AccountError::VaultHead),
        changed(
            "not even without elements",
            &|handed| (handed.commit, handed.elements) = (None, BTreeMap::new()),
            AccountError::VaultHead,
        ),
    ];
    let mut with_an_element = empty.clone();
    with_an_element.elements.insert(item("news"), news);
    let refused = with_an_element.begins().map(drop);
    cases.push(case("an empty vault is empty", empty.begins().map(drop), refused, AccountError::VaultHead));
    cases
}

fn edit(handed: &mut Handed, change: fn(&mut Element)) {
    change(handed.elements.get_mut(&item("mail")).expect("an element"));
}

#[test]
fn an_enrolled_device_stands_where_its_approver_stands() {
    let mut world = World::of(&["laptop"]);
    assert_eq!(Handed::to("tablet", &mut world).begins().as_ref(), Ok(&world.account), "in an empty vault");
    world.push("laptop", &[world.writes("mail", "1"), world.writes("bank", "1")]);
    world.purge("tablet", "bank");
    let handed = Handed::to("tpm phone", &mut world);
    assert_eq!(handed.begins().as_ref(), Ok(&world.account));

    let begun = handed.begins().expect("begins");
    let (entries, commits) = (world.entries.len(), world.commits.len());
    world.write("tpm phone", "mail", "2");
    world.rename("laptop", "tablet", "Old tablet");
    world.write("laptop", "news", "1");
    let mut elements = handed.elements;
    let extended = begun.extend(&world.entries[entries..], &world.commits[commits..], &mut elements);
    assert_eq!((extended.as_ref(), &elements), (Ok(&world.account), &world.elements));
}

/// A recovered device has nobody who vouches for a snapshot.
#[test]
fn a_recovered_device_gets_no_snapshot() {
    let mut world = World::of(&["laptop"]);
    world.set_up_recovery("laptop", "code", 0);
    let begin = world.begin_recovery("code", "phone");
    let end = world.recovery_end("phone", &begin);
    let transcript = world::recovery_transcript_of(&end).encode_to_vec();
    world.end_recovery("code", "phone", &begin);
    let handed = Handed { entries: world.entries.clone(), transcript, commit: None, elements: BTreeMap::new() };
    assert_eq!(handed.begins().map(drop), Err(AccountError::NoSnapshotEntry));
}
