use keyfold_ledger::{AccountError, CommitError, ForkProof, RosterError, SafetyNumber, heads_at};

use crate::{
    synced,
    world::{World, log_key},
};

/// What the user compares between two devices, at a position that both have seen.
fn safety_number(world: &World, roster: usize, vault: usize) -> SafetyNumber {
    let roster = (roster as u64, world.entries[roster].hash());
    let vault = (vault as u64, world.commits[vault - 1].hash());
    heads_at(&world.account.roster().account(), roster, vault)
}

#[test]
fn threat_18_two_devices_that_were_shown_different_vaults_find_out_at_the_first_exchange() {
    let mut common = World::of(&["laptop", "phone"]);
    common.write("laptop", "mail", "1");
    let (mut laptop, mut phone) = (common.clone(), common);
    laptop.write("laptop", "mail", "written on the laptop");
    phone.write("phone", "mail", "written on the phone");

    assert_ne!(safety_number(&laptop, 2, 2), safety_number(&phone, 2, 2), "by comparing numbers");
    assert_eq!(safety_number(&laptop, 2, 1), safety_number(&phone, 2, 1), "they agree on what they share");
    phone.write("phone", "bank", "1");
    let next = phone.commits.last().expect("a commit");
    assert_eq!(laptop.pushed(next).map(drop), Err(CommitError::NotNext.into()), "by the next write of the other");

    let links = [phone.commits[2].signed().clone()];
    let (earlier, later) = (laptop.vault_receipt(&log_key()), phone.vault_receipt(&log_key()));
    assert!(ForkProof::new(&log_key().verifying_key(), &earlier, &later, &links).is_ok(), "and can prove it");
}

#[test]
fn threat_18_two_devices_that_were_shown_different_rosters_find_out_at_the_first_exchange() {
    let mut common = World::of(&["laptop", "phone", "tablet"]);
    common.write("laptop", "mail", "1");
    let (mut laptop, mut phone) = (common.clone(), common);
    laptop.remove("laptop", &["tablet"]);
    phone.rename("phone", "phone", "Ana's phone");
    assert_ne!(safety_number(&laptop, 4, 1), safety_number(&phone, 4, 1));

    phone.write("phone", "mail", "2");
    let written = phone.commits.last().expect("a commit");
    assert_eq!(laptop.pushed(written).map(drop), Err(CommitError::WrongRoster.into()));
    let entry = phone.entries.last().expect("an entry");
    assert_eq!(laptop.account.append(entry), Err(AccountError::Roster(RosterError::NotNext)));
}

/// One loses, pulls and makes its write again: nobody is accused.
#[test]
fn threat_18_honest_writes_at_the_same_time_end_in_one_history() {
    let mut common = World::of(&["laptop", "phone"]);
    common.write("laptop", "mail", "1");
    let (mut server, mut phone) = (common.clone(), common.clone());
    server.write("laptop", "mail", "written on the laptop");
    let offered = phone.signed_commit("phone", &[phone.writes("mail", "written on the phone")]);
    assert_eq!(server.pushed(&offered).map(drop), Err(CommitError::NotNext.into()));

    phone.account = synced(&common, &server).expect("an honest history");
    phone = World { account: phone.account, ..server };
    phone.write("phone", "mail", "both, merged");
    let mut laptop = common.clone();
    laptop.account = synced(&common, &phone).expect("an honest history");
    assert_eq!(laptop.account, phone.account);
    let receipts = [common.vault_receipt(&log_key()), phone.vault_receipt(&log_key())];
    let links: Vec<_> = phone.commits[1..].iter().rev().map(|commit| commit.signed().clone()).collect();
    let proof = ForkProof::new(&log_key().verifying_key(), &receipts[0], &receipts[1], &links);
    assert_eq!(proof, Err(keyfold_ledger::ForkError::NoFork));
}

#[test]
fn a_safety_number_is_25_digits_of_both_heads_and_the_account() {
    let mut world = World::of(&["laptop"]);
    world.write("laptop", "mail", "1");
    world.write("laptop", "mail", "2");
    world.rename("laptop", "laptop", "Ana's laptop");
    let number = safety_number(&world, 2, 2).to_string();
    assert_eq!(number.split(' ').map(str::len).collect::<Vec<_>>(), [5; 5]);
    assert!(number.bytes().all(|byte| byte.is_ascii_digit() || byte == b' '));

    let account = world.account.roster().account();
    let (roster, vault) = ((2, world.entries[2].hash()), (2, world.commits[1].hash()));
    let numbers = [
        heads_at(&account, roster, vault),
        heads_at(&World::of(&["laptop"]).account.roster().account(), roster, vault),
        heads_at(&account, (3, roster.1), vault),
        heads_at(&account, (2, world.entries[1].hash()), vault),
        heads_at(&account, roster, (3, vault.1)),
        heads_at(&account, roster, (2, world.commits[0].hash())),
    ];
    let different: std::collections::BTreeSet<_> = numbers.iter().map(ToString::to_string).collect();
    assert_eq!(different.len(), numbers.len());
}
