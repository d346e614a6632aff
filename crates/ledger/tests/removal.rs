//! Ana loses a device and removes it: what it wrote stays, and it says nothing any more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeMap;

use keyfold_crypto::{EpochKey, epoch::SealContext};
use keyfold_ledger::{Account, AccountError, CommitError, Role, RosterError};
use keyfold_wire::v1::{self, roster_entry::Body};
use world::{World, item};

/// A device that pulls everything from the first entry on.
fn pulled_afresh(world: &World) -> Result<Account, AccountError> {
    let founded = Account::found(&world.entries[0], &world.entries[1])?;
    founded.extend(&world.entries[2..], &world.commits, &mut BTreeMap::new())
}

#[test]
fn what_a_removed_device_wrote_before_stays() {
    let mut world = World::of(&["laptop", "phone"]);
    world.write("phone", "mail", "written on the phone");
    world.remove("laptop", &["phone"]);
    world.write("laptop", "bank", "1");
    assert_eq!(pulled_afresh(&world).as_ref(), Ok(&world.account));
    assert_eq!(world.account.vault().count(), 2);
}

#[test]
fn what_a_removed_device_writes_afterwards_is_refused_whatever_it_claims() {
    let mut world = World::of(&["laptop", "tpm phone"]);
    let before = world.clone();
    world.remove("laptop", &["tpm phone"]);
    let not_a_device = CommitError::NotADevice(world.id("tpm phone"));

    let honest = world.signed_commit("tpm phone", &[world.writes("mail", "1")]);
    assert_eq!(world.pushed(&honest).map(drop), Err(not_a_device.into()), "under the new roster");
    let queued = before.signed_commit("tpm phone", &[before.writes("mail", "1")]);
    assert_eq!(world.pushed(&queued).map(drop), Err(CommitError::WrongRoster.into()), "under the old roster");
    let renames = world.offered("tpm phone", world.renaming("laptop", "mine"));
    assert_eq!(renames.map(drop), Err(RosterError::NotAMember(world.id("tpm phone")).into()));
}

/// A server that slips a removed device's commit in before the removal changes what the removal says of the vault.
#[test]
fn nothing_is_slipped_in_before_a_removal() {
    let mut world = World::of(&["laptop", "phone"]);
    world.write("laptop", "mail", "1");
    let mut slipped = world.clone();
    world.remove("laptop", &["phone"]);

    slipped.write("phone", "bank", "slipped in");
    let founded = Account::found(&world.entries[0], &world.entries[1]).expect("founded");
    let together = founded.extend(&world.entries[2..], &slipped.commits, &mut BTreeMap::new());
    assert_eq!(together.map(drop), Err(CommitError::WrongRoster.into()));
    assert_eq!(
        slipped.account.append(world.entries.last().expect("the removal")).map(drop),
        Err(AccountError::VaultHead)
    );
}

#[test]
fn a_removed_id_never_returns() {
    let mut world = World::of(&["laptop", "phone", "tablet"]);
    world.remove("laptop", &["phone"]);
    assert!(world.account.roster().removed().contains_key(&world.id("phone")));
    world.write("laptop", "mail", "1");
    world.rotate("tablet");
    for approver in ["laptop", "tablet"] {
        let transcript = world.transcript(approver, "phone");
        let again = world.offered(approver, Body::AddDevice(world.approval("phone", &transcript)));
        assert_eq!(again.map(drop), Err(RosterError::NotNew.into()), "let in by the {approver}");
    }
    let member = v1::RecoveryMember { keys: Some(world.keys("phone").to_wire()), delay: 0, lookup_hash: vec![7; 32] };
    let recovery = v1::AddRecovery { member: Some(member), sealed_key_hash: vec![1; 32] };
    let as_a_code = world.offered("laptop", Body::AddRecovery(recovery));
    assert_eq!(as_a_code.map(drop), Err(RosterError::NotNew.into()), "as a recovery code");

    world.enrol("laptop", "phone, set up anew");
}

#[test]
fn the_phone_that_was_let_in_can_remove_the_laptop_that_let_it_in() {
    let mut world = World::of(&["laptop", "phone"]);
    world.remove("phone", &["laptop"]);
    let left: Vec<_> = world.account.roster().devices().map(|(id, ..)| id).collect();
    assert_eq!(left, [world.id("phone")]);
    world.write("phone", "mail", "1");
    assert_eq!(pulled_afresh(&world).as_ref(), Ok(&world.account));
}

#[test]
fn of_two_devices_that_remove_each_other_the_first_wins() {
    let mut world = World::of(&["laptop", "phone"]);
    let slower = world.signed("phone", Body::Remove(world.removal(&["laptop"]).0));
    world.remove("laptop", &["phone"]);
    assert_eq!(world.account.append(&slower).map(drop), Err(RosterError::NotNext.into()));
    let again = world.offered("phone", Body::Remove(world.removal(&["laptop"]).0));
    assert_eq!(again.map(drop), Err(RosterError::NotAMember(world.id("phone")).into()));
}

#[test]
fn one_entry_removes_several_and_a_recovery_code_with_them() {
    let mut world = World::of(&["laptop", "phone", "tablet"]);
    world.set_up_recovery("laptop", "code", 0);
    world.replace_recovery("laptop", &["phone", "code"], "code two");
    let roster = world.account.roster();
    let mut expected = [world.id("laptop"), world.id("tablet"), world.id("code two")];
    expected.sort();
    assert!(roster.members().keys().eq(&expected));
    assert_eq!((roster.removed().len(), roster.epoch().number), (2, 2));
    assert!(matches!(roster.recovery(), Some((_, member)) if member.role == (Role::Recovery { delay: 0 })));
}

/// The key of the new epoch is there for who stays, and for nobody else.
#[test]
fn after_a_removal_the_new_epochs_key_is_sealed_to_exactly_those_who_stay() {
    let mut world = World::of(&["laptop", "tpm", "phone"]);
    let prev = world.account.roster().head();
    let rotated = world.rotation(&world.members_without(&["phone"]));
    let remove = v1::Remove {
        members: vec![world.id("phone").to_vec()],
        rotation: Some(rotated.rotate.clone()),
        replacement: None,
    };
    world.append("laptop", Body::Remove(remove));
    let (entry, epoch) = (world.entries.last().expect("the removal"), world.account.roster().epoch().clone());
    assert_eq!(entry.sealed_key_for(&world.id("phone")), None);
    assert_eq!(entry.sealed_keys().len(), rotated.sealed_keys.len());
    for name in ["laptop", "tpm"] {
        let member = world.id(name);
        let sealed = rotated.sealed_keys.iter().find(|key| key.member == member.to_vec()).expect("a sealed key");
        assert_eq!(entry.sealed_key_for(&member), Some(keyfold_crypto::epoch::sealed_hash(&sealed.sealed)));
        let context = SealContext { account: world.account.roster().account(), epoch: epoch.number, member, prev };
        let open =
            |name: &str| EpochKey::open(&world.person(name).wrapping, &context, &epoch.commitment, &sealed.sealed);
        assert_eq!(open(name), Ok(rotated.epoch_key.clone()));
        assert!(open("phone").is_err());
    }
}

#[test]
fn a_device_that_was_enrolled_and_removed_between_two_pulls_leaves_nothing_but_its_writes() {
    let mut world = World::of(&["laptop"]);
    let mut device = world.clone();
    world.enrol("laptop", "guest");
    world.write("guest", "mail", "written by the guest");
    world.remove("laptop", &["guest"]);
    world.write("laptop", "mail", "written by Ana");
    let (seen, mut elements) = (device.entries.len(), BTreeMap::new());
    device.account = device.account.extend(&world.entries[seen..], &world.commits, &mut elements).expect("stands");
    assert_eq!((&device.account, elements[&item("mail")].revision), (&world.account, 2));
    assert_eq!(device.account.roster().devices().count(), 1);
}
