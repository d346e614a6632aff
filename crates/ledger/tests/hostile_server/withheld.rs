use keyfold_ledger::{Account, AccountError, CommitError, Element, RosterError, Vault};
use keyfold_wire::v1::roster_entry::Body;

use crate::{
    pulled_afresh, synced,
    world::{World, envelope, item},
};

/// The phone was stolen and removed; the server hides that from the tablet.
#[test]
fn threat_13_a_removal_that_is_left_out_is_missed_with_the_first_write_after_it() {
    let mut tablet = World::of(&["laptop", "phone", "tablet"]);
    tablet.write("laptop", "mail", "1");
    let mut world = tablet.clone();
    let prev = world.account.roster().head();
    world.remove("laptop", &["phone"]);
    world.write("laptop", "bank", "1");
    let removal = world.entries.pop().expect("the removal");
    assert_eq!(removal.prev(), prev);
    assert_eq!(synced(&tablet, &world), Err(CommitError::WrongRoster.into()));

    world.entries.push(removal);
    assert!(synced(&tablet, &world).is_ok());
}

#[test]
fn threat_13_a_removed_device_never_gets_a_later_epochs_key() {
    let mut world = World::of(&["laptop", "phone", "tablet"]);
    let tablet = world.clone();
    let phone = world.id("phone");
    let without = world.entries.len();
    world.remove("laptop", &["phone"]);
    world.rotate("tablet");
    world.enrol("laptop", "watch");
    assert!(world.entries[without..].iter().all(|entry| entry.sealed_key_for(&phone).is_none()));

    let to_all = world.rotation(&[(phone, world.keys("phone"))]);
    let mut members = world.members_without(&[]);
    members.push((phone, world.keys("phone")));
    members.sort_by_key(|(id, _)| *id);
    let to_all_and_it = world.rotation(&members);
    for rotated in [to_all, to_all_and_it] {
        let refused = Err(AccountError::Roster(RosterError::WrongRecipients));
        assert_eq!(world.offered("laptop", Body::Rotate(rotated.rotate)), refused);
    }

    // The tablet, from which the removal is hidden, rotates as it knows the account: nobody else takes that.
    let unaware = tablet.signed("tablet", Body::Rotate(tablet.rotation(&tablet.members_without(&[])).rotate));
    assert_eq!(world.account.append(&unaware), Err(RosterError::NotNext.into()));
}

#[test]
fn threat_16_an_item_that_is_left_out_is_missed() {
    let mut known = World::of(&["laptop", "phone"]);
    known.write("laptop", "mail", "1");
    let mut world = known.clone();
    world.write("laptop", "bank", "1");
    world.write("laptop", "mail", "2");

    let mut shown = world.clone();
    shown.commits.remove(1);
    assert_eq!(synced(&known, &shown), Err(CommitError::NotNext.into()), "the commit");
    assert_eq!(pulled_afresh(&shown), Err(CommitError::NotNext.into()), "the commit, from a new device");

    let without = |name: &str| {
        let mut elements = world.elements.clone();
        elements.remove(&item(name));
        snapshot(&world, &elements)
    };
    assert_eq!(without("bank"), Err(CommitError::Snapshot), "the item");
    assert_eq!(snapshot(&world, &world.elements), Ok(()));
}

#[test]
fn threat_16_an_item_does_not_come_back_from_the_dead() {
    let mut world = World::of(&["laptop"]);
    world.write("laptop", "mail", "1");
    world.purge("laptop", "mail");
    let mut elements = world.elements.clone();
    elements.insert(item("mail"), Element { item: item("mail"), revision: 1, envelope: Some(envelope("1")) });
    assert_eq!(snapshot(&world, &elements), Err(CommitError::Snapshot));
    elements.remove(&item("mail"));
    assert_eq!(snapshot(&world, &elements), Err(CommitError::Snapshot), "nor does it leave no trace");
}

#[test]
fn threat_16_an_older_revision_is_not_shown_as_the_latest() {
    let mut world = World::of(&["laptop", "phone"]);
    world.write("laptop", "mail", "1");
    let old = world.elements.clone();
    world.write("laptop", "mail", "2");
    assert_eq!(snapshot(&world, &old), Err(CommitError::Snapshot), "to a new device");

    let replayed = &world.commits[0];
    assert_eq!(world.pushed(replayed).map(drop), Err(CommitError::NotNext.into()), "to one that was there");
    let mut again = world.commit("laptop", &[world.writes("mail", "1")]);
    again.changes[0].revision = 1;
    let again = keyfold_ledger::Commit::parse(&world.person("laptop").signing.sign(&again)).expect("well-formed");
    let refused = CommitError::Revision { named: 1, next: 3 };
    assert_eq!(world.pushed(&again).map(drop), Err(refused.into()), "nor by a device that lost its memory");
}

fn snapshot(
    world: &World,
    elements: &std::collections::BTreeMap<keyfold_wire::ItemId, Element>,
) -> Result<(), CommitError> {
    let vault = world.account.vault();
    let commit = world.commits.last().expect("a commit");
    Vault::from_snapshot(vault.account(), &vault.head(), commit, elements).map(drop)
}

/// What a device that has seen more is handed of a server that forgot: its account, two steps ago.
fn rolled_back(world: &World) -> (World, World) {
    let earlier = world.clone();
    let mut later = world.clone();
    later.write("laptop", "mail", "2");
    later.rename("laptop", "laptop", "Ana's laptop");
    (earlier, later)
}

#[test]
fn threat_17_a_rolled_back_account_goes_on_for_nobody_who_has_seen_more() {
    let mut world = World::of(&["laptop", "phone"]);
    world.write("laptop", "mail", "1");
    let (mut server, phone) = rolled_back(&world);
    let key = phone.account.roster().log_key().clone();
    let head = |world: &World| keyfold_ledger::Receipt {
        account: world.account.vault().account(),
        chain: keyfold_ledger::Chain::Vault,
        seq: world.account.vault().seq(),
        head: world.account.vault().head(),
    };
    let receipt = server.vault_receipt(&crate::world::log_key());
    let other_head = keyfold_ledger::ReceiptError::OtherHead;
    assert_eq!(head(&phone).check(&key, Some(&receipt)), Err(other_head), "its receipt is of an earlier head");

    server.write("laptop", "news", "written after the rollback");
    let last = server.commits.last().expect("a commit");
    assert_eq!(phone.pushed(last).map(drop), Err(CommitError::NotNext.into()), "what comes after does not follow");
    let seq = (head(&phone).seq, head(&server).seq);
    assert_eq!(seq, (2, 2), "though it stands at the same position");
}

#[test]
fn threat_17_a_new_device_is_shown_no_older_account_than_its_approvers() {
    let mut world = World::of(&["laptop"]);
    world.write("laptop", "mail", "1");
    let (earlier, mut later) = rolled_back(&world);
    let transcript = prost::Message::encode_to_vec(&later.transcript("laptop", "phone"));
    later.enrol("laptop", "phone");
    let begins = |entries: &[keyfold_ledger::Entry], of: &World| {
        Account::from_enrolment(entries, &transcript, of.commits.last(), &of.elements)
    };
    assert_eq!(begins(&later.entries, &later).as_ref(), Ok(&later.account));
    assert_eq!(begins(&earlier.entries, &earlier), Err(AccountError::NoSnapshotEntry), "the older account");
    assert_eq!(begins(&later.entries, &earlier), Err(CommitError::NotNext.into()), "the older vault");
    let mut without = later.entries.clone();
    without.remove(earlier.entries.len());
    assert_eq!(begins(&without, &later), Err(RosterError::NotNext.into()), "an older roster under its own entry");
}

/// The thief's phone was removed, but the server has its key: what it signs is no vault for a new device.
#[test]
fn threat_17_a_snapshot_forged_with_a_removed_devices_key_is_refused() {
    let mut world = World::of(&["laptop", "thief"]);
    world.write("laptop", "mail", "1");
    let mut forged = world.clone();
    world.remove("laptop", &["thief"]);
    let transcript = prost::Message::encode_to_vec(&world.transcript("laptop", "phone"));
    world.enrol("laptop", "phone");
    forged.write("thief", "mail", "forged");
    let begun = Account::from_enrolment(&world.entries, &transcript, forged.commits.last(), &forged.elements);
    assert_eq!(begun, Err(CommitError::NotNext.into()));
}
