//! Ana has lost every device and types her recovery code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeMap;

use keyfold_crypto::Hash;
use keyfold_ledger::{Account, AccountError, CommitError, RosterError};
use keyfold_wire::v1::{RecoveryCancel, RenameDevice, roster_entry::Body};
use world::{HOUR, World};

const DAY: u64 = 24 * HOUR;

/// A laptop with a passkey, and a recovery code that waits for a day.
fn with_a_code() -> World {
    let mut world = World::of(&["laptop"]);
    world.write("laptop", "mail", "1");
    world.set_up_recovery("laptop", "code", DAY);
    world
}

fn cancel(begin: &Hash) -> Body {
    Body::RecoveryCancel(RecoveryCancel { begin: begin.to_vec() })
}

fn refused(outcome: Result<Account, AccountError>) -> Option<AccountError> {
    outcome.err()
}

#[test]
fn the_code_brings_a_new_device_in_which_replaces_the_code_and_the_lost_device() {
    let mut world = with_a_code();
    let begin = world.begin_recovery("code", "phone");
    let pending = world.account.roster().pending_recovery().expect("every device is shown it");
    assert_eq!((pending.begin, pending.member), (begin, world.id("code")));
    assert_eq!((&pending.device, pending.description.name.as_str()), (&world.keys("phone"), "phone"));
    assert_eq!(pending.due_at, world.now + DAY);

    world.wait(DAY);
    world.end_recovery("code", "phone", &begin);
    assert_eq!(world.account.roster().pending_recovery(), None);
    let phone = world.id("phone");
    assert_eq!(world.account.roster().must_replace_recovery(&phone), Some(world.id("code")));
    let (_, joined) = world.account.roster().device(&phone).expect("it is in");
    assert_eq!(joined.description.name, "phone", "by the name that was shown when it began");

    world.replace_recovery("phone", &["code", "laptop"], "code two");
    assert_eq!(world.account.roster().must_replace_recovery(&phone), None);
    world.write("phone", "mail", "2");
    world.rename("phone", "phone", "Ana's new phone");
}

/// It has no approver, so it takes nothing but the whole history.
#[test]
fn the_new_device_checks_every_commit_from_the_first() {
    let mut world = with_a_code();
    world.write("laptop", "bank", "1");
    let begin = world.begin_recovery("code", "phone");
    world.wait(DAY);
    world.end_recovery("code", "phone", &begin);
    let founded = Account::found(&world.entries[0], &world.entries[1]).expect("founded");
    let mut elements = BTreeMap::new();
    let pulled = founded.clone().extend(&world.entries[2..], &world.commits, &mut elements);
    assert_eq!((pulled.as_ref(), &elements), (Ok(&world.account), &world.elements));
    let without_the_last = founded.extend(&world.entries[2..], &world.commits[..1], &mut BTreeMap::new());
    assert_eq!(without_the_last.map(drop), Err(AccountError::VaultHead));
}

#[test]
fn nothing_comes_before_the_delay_has_passed() {
    let mut world = with_a_code();
    let begin = world.begin_recovery("code", "phone");
    let end = |world: &World| world.offered("code", Body::AddDevice(world.recovery_end("phone", &begin)));
    assert_eq!(refused(end(&world)), Some(RosterError::TooEarly.into()));
    world.wait(DAY - 1);
    assert_eq!(refused(end(&world)), Some(RosterError::TooEarly.into()));
    world.wait(1);
    assert_eq!(refused(end(&world)), None);
}

#[test]
fn while_a_recovery_waits_the_devices_go_on_as_before() {
    let mut world = with_a_code();
    let begin = world.begin_recovery("code", "phone");
    world.write("laptop", "mail", "2");
    world.enrol("laptop", "tablet");
    world.remove("tablet", &["laptop"]);
    world.wait(DAY);
    world.end_recovery("code", "phone", &begin);
}

#[test]
fn a_cancelled_recovery_stays_cancelled() {
    let mut world = with_a_code();
    let begin = world.begin_recovery("code", "thief");
    world.append("laptop", cancel(&begin));
    assert_eq!(world.account.roster().pending_recovery(), None);
    world.wait(30 * DAY);
    let end = |world: &World, begin| world.offered("code", Body::AddDevice(world.recovery_end("thief", begin)));
    assert_eq!(refused(end(&world, &begin)), Some(RosterError::WrongRecovery.into()));
    assert_eq!(
        refused(world.offered("laptop", cancel(&begin))),
        Some(RosterError::WrongRecovery.into()),
        "once is enough"
    );

    let again = world.begin_recovery("code", "thief");
    world.wait(DAY);
    assert_eq!(refused(end(&world, &begin)), Some(RosterError::WrongTranscript.into()), "the first is not the second");
    world.append("laptop", cancel(&again));
    world.remove("laptop", &["code"]);
    let third = world.offered("code", Body::RecoveryBegin(world.recovery_begin("thief")));
    assert_eq!(refused(third), Some(RosterError::NotAMember(world.id("code")).into()));
}

#[test]
fn a_wrong_code_is_nobody_in_the_account() {
    let world = with_a_code();
    let begin = Body::RecoveryBegin(world.recovery_begin("phone"));
    let wrong = world.offered("code with a wrong letter", begin.clone());
    assert_eq!(refused(wrong), Some(RosterError::NotAMember(world.id("code with a wrong letter")).into()));
    assert_eq!(refused(world.offered("code", begin)), None);
}

/// The keys of a code are bound to its account: a server cannot lead who types it into another one.
#[test]
fn a_code_is_nobody_in_another_account() {
    let (mine, other) = (with_a_code(), with_a_code());
    assert_ne!(mine.id("code"), other.id("code"));
    let begin = mine.signed("code", Body::RecoveryBegin(mine.recovery_begin("phone")));
    let mut moved = other.entry("laptop", Body::RecoveryBegin(mine.recovery_begin("phone")));
    moved.author = mine.id("code").to_vec();
    let moved = keyfold_ledger::Entry::parse(&mine.person("code").signing.sign(&moved)).expect("well-formed");
    assert_eq!(refused(other.account.append(&begin)), Some(RosterError::NotNext.into()));
    assert_eq!(refused(other.account.append(&moved)), Some(RosterError::NotAMember(mine.id("code")).into()));
}

#[test]
fn a_second_recovery_does_not_push_the_first_aside() {
    let mut world = with_a_code();
    let begin = world.begin_recovery("code", "phone");
    let second = world.offered("code", Body::RecoveryBegin(world.recovery_begin("thief")));
    assert_eq!(refused(second), Some(RosterError::WrongRecovery.into()));
    world.wait(DAY);
    world.end_recovery("code", "phone", &begin);
    let second = world.offered("code", Body::AddDevice(world.recovery_end("phone", &begin)));
    assert_eq!(refused(second), Some(RosterError::WrongRecovery.into()), "it brings in one device, once");
}

#[test]
fn the_recovered_device_does_nothing_before_it_has_replaced_the_code() {
    let mut world = with_a_code();
    let begin = world.begin_recovery("code", "tpm");
    world.wait(DAY);
    world.end_recovery("code", "tpm", &begin);

    let unfinished = Some(AccountError::Roster(RosterError::RecoveryUnfinished));
    let transcript = world.transcript("tpm", "tablet");
    let renamed = RenameDevice { device: world.id("tpm").to_vec(), name: "Ana's".into() };
    for body in [
        Body::AddDevice(world.approval("tablet", &transcript)),
        Body::RenameDevice(renamed),
        Body::Rotate(world.rotation(&world.members_without(&[])).rotate),
        Body::Remove(world.removal(&["laptop"]).0),
        Body::Remove(world.removal(&["code"]).0),
    ] {
        assert_eq!(refused(world.offered("tpm", body.clone())), unfinished, "{body:?}");
    }
    let commit = world.signed_commit("tpm", &[world.writes("mail", "2")]);
    assert_eq!(world.pushed(&commit).map(drop), Err(CommitError::RecoveryUnfinished.into()));

    world.replace_recovery("tpm", &["code"], "code two");
    world.write("tpm", "mail", "2");
    world.enrol("tpm", "tablet");
}

#[test]
fn the_used_code_does_not_come_back_as_its_own_replacement() {
    let mut world = with_a_code();
    let begin = world.begin_recovery("code", "phone");
    world.wait(DAY);
    world.end_recovery("code", "phone", &begin);
    let same = world.offered("phone", Body::Remove(world.replacement(&["code"], "code").0));
    assert!(same.is_err());
}

/// Another device can settle it too, or put the recovered device out again.
#[test]
fn a_device_that_is_still_there_can_settle_a_recovery() {
    let mut world = with_a_code();
    let begin = world.begin_recovery("code", "phone");
    world.wait(DAY);
    world.end_recovery("code", "phone", &begin);
    let mut other = world.clone();

    world.remove("laptop", &["code"]);
    assert_eq!(world.account.roster().must_replace_recovery(&world.id("phone")), None);
    world.write("phone", "mail", "2");

    other.remove("laptop", &["phone"]);
    other.begin_recovery("code", "another phone");
}

#[test]
fn removing_the_code_ends_what_it_began() {
    let mut world = with_a_code();
    let begin = world.begin_recovery("code", "phone");
    world.replace_recovery("laptop", &["code"], "code two");
    assert_eq!(world.account.roster().pending_recovery(), None);
    world.wait(DAY);
    let end = world.offered("code", Body::AddDevice(world.recovery_end("phone", &begin)));
    assert_eq!(refused(end), Some(RosterError::NotAMember(world.id("code")).into()));
    let by_the_other = world.offered("code two", Body::AddDevice(world.recovery_end("phone", &begin)));
    assert_eq!(refused(by_the_other), Some(RosterError::WrongRecovery.into()));
}

#[test]
fn a_recovery_does_not_bring_a_removed_device_back() {
    let mut world = with_a_code();
    world.enrol("laptop", "phone");
    world.remove("laptop", &["phone"]);
    let begins = world.offered("code", Body::RecoveryBegin(world.recovery_begin("phone")));
    assert_eq!(refused(begins), Some(RosterError::NotNew.into()));
    let begins = world.offered("code", Body::RecoveryBegin(world.recovery_begin("laptop")));
    assert_eq!(refused(begins), Some(RosterError::NotNew.into()), "nor one that is there");
}
