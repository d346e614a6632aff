//! Any single bit of what a device or a server signed, changed on its way, is noticed: with Ed25519 and with ES256.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use keyfold_crypto::{SigningKey, signing::SignatureError};
use keyfold_ledger::{Commit, CommitError, Entry, Roster};
use keyfold_wire::v1::{self, Signed, add_device::Transcript, roster_entry::Body};
use world::{HOUR, World, flips};

const AUTHORS: [&str; 2] = ["laptop", "tpm"];

#[test]
fn an_entry_with_any_bit_flipped_is_refused() {
    for by in AUTHORS {
        let world = World::of(&["laptop", "tpm", "phone"]);
        let remove = world.signed(by, Body::Remove(world.removal(&["phone"]).0));
        every_flip_is_refused(&world, &remove);
        let transcript = world.transcript(by, "watch");
        every_flip_is_refused(&world, &world.signed(by, Body::AddDevice(world.approval("watch", &transcript))));
    }
}

#[test]
fn a_recoverys_entries_with_any_bit_flipped_are_refused() {
    let mut world = World::of(&["laptop"]);
    every_flip_is_refused(&world, &world.signed("laptop", Body::AddRecovery(world.add_recovery("code", 0))));
    world.set_up_recovery("laptop", "code", 0);
    every_flip_is_refused(&world, &world.signed("code", Body::RecoveryBegin(world.recovery_begin("phone"))));
    let begin = world.begin_recovery("code", "phone");
    every_flip_is_refused(&world, &world.signed("code", Body::AddDevice(world.recovery_end("phone", &begin))));
}

#[test]
fn a_genesis_with_any_bit_flipped_founds_no_account() {
    for by in AUTHORS {
        let world = World::founded_by(by);
        for (bit, flipped) in of_entry(&world.entries[0]) {
            let founded = flipped.and_then(|genesis| Roster::genesis(&genesis).ok());
            assert!(founded.is_none(), "bit {bit}");
        }
    }
}

#[test]
fn a_commit_with_any_bit_flipped_is_refused() {
    for by in AUTHORS {
        let mut world = World::of(&["laptop", "tpm"]);
        world.push(by, &[world.writes("mail", "1"), world.writes("bank", "1")]);
        let changes = [world.writes("mail", "2"), world.purges("bank"), world.writes("news", "1")];
        let commit = world.signed_commit(by, &changes);
        assert!(world.pushed(&commit).is_ok());
        for (bit, body) in flips(&commit.signed().body) {
            let flipped = Commit::parse(&Signed { body, ..commit.signed().clone() });
            assert!(!flipped.is_ok_and(|commit| world.pushed(&commit).is_ok()), "body bit {bit}");
        }
        for (bit, signature) in flips(&commit.signed().signature) {
            let flipped = Commit::parse(&Signed { signature, ..commit.signed().clone() }).expect("well-formed");
            let refused = Err(CommitError::Signature(SignatureError::Invalid).into());
            assert_eq!(world.pushed(&flipped).map(drop), refused, "signature bit {bit}");
        }
    }
}

/// The approver signs whatever it got; the new device's own signature still holds every bit of what it agreed to.
#[test]
fn a_transcript_with_any_bit_flipped_is_refused_even_if_the_approver_signs_it() {
    for device in ["phone", "tpm phone"] {
        let world = World::of(&["laptop"]);
        let add = world.approval(device, &world.transcript("laptop", device));
        let Some(Transcript::Enrolment(bytes)) = &add.transcript else { panic!("an enrolment") };
        let signs = Resigned::new(&world, "laptop");
        let with = |bytes| v1::AddDevice { transcript: Some(Transcript::Enrolment(bytes)), ..add.clone() };
        assert!(signs.add(with(bytes.clone())), "unchanged, it stands");
        flips(bytes).for_each(|(bit, flipped)| assert!(!signs.add(with(flipped)), "bit {bit}"));
    }
}

#[test]
fn a_recoverys_transcript_with_any_bit_flipped_is_refused_even_if_the_code_signs_it() {
    let mut world = World::of(&["laptop"]);
    world.set_up_recovery("laptop", "code", HOUR);
    let begin = world.begin_recovery("code", "phone");
    world.wait(HOUR);
    let add = world.recovery_end("phone", &begin);
    let Some(Transcript::Recovery(bytes)) = &add.transcript else { panic!("a recovery") };
    let signs = Resigned::new(&world, "code");
    let with = |bytes| v1::AddDevice { transcript: Some(Transcript::Recovery(bytes)), ..add.clone() };
    assert!(signs.add(with(bytes.clone())), "unchanged, it stands");
    flips(bytes).for_each(|(bit, flipped)| assert!(!signs.add(with(flipped)), "bit {bit}"));
}

#[test]
fn a_new_devices_signature_with_any_bit_flipped_is_refused_even_if_the_approver_signs_it() {
    for device in ["phone", "tpm phone"] {
        let world = World::of(&["laptop"]);
        let add = world.approval(device, &world.transcript("laptop", device));
        let signs = Resigned::new(&world, "laptop");
        let with = |signature| v1::AddDevice { signature, ..add.clone() };
        assert!(signs.add(with(add.signature.clone())), "unchanged, it stands");
        flips(&add.signature).for_each(|(bit, flipped)| assert!(!signs.add(with(flipped)), "bit {bit}"));
        for signature in [Vec::new(), add.signature[..63].to_vec(), [add.signature.as_slice(), &[0]].concat()] {
            assert!(!signs.add(with(signature)), "of another length");
        }
    }
}

/// A member that signs whatever AddDevice it is given.
struct Resigned<'a> {
    world: &'a World,
    signer: SigningKey,
    entry: v1::RosterEntry,
}

impl<'a> Resigned<'a> {
    fn new(world: &'a World, by: &str) -> Self {
        Self { world, signer: world.person(by).signing, entry: world.entry(by, world.renaming(by, "to be replaced")) }
    }

    fn add(&self, add: v1::AddDevice) -> bool {
        let entry = v1::RosterEntry { body: Some(Body::AddDevice(add)), ..self.entry.clone() };
        Entry::parse(&self.signer.sign(&entry)).is_ok_and(|entry| self.world.account.append(&entry).is_ok())
    }
}

fn every_flip_is_refused(world: &World, entry: &Entry) {
    assert!(world.account.append(entry).is_ok(), "unchanged, it stands");
    for (bit, flipped) in of_entry(entry) {
        assert!(flipped.is_none_or(|entry| world.account.append(&entry).is_err()), "bit {bit}");
    }
}

/// Every entry that differs in one bit of its body or signature; `None` where that is no entry at all.
fn of_entry(entry: &Entry) -> impl Iterator<Item = (String, Option<Entry>)> {
    let signed = entry.signed();
    let bodies =
        flips(&signed.body).map(|(bit, body)| (format!("{bit} of the body"), Signed { body, ..signed.clone() }));
    let signatures = flips(&signed.signature)
        .map(|(bit, signature)| (format!("{bit} of the signature"), Signed { signature, ..signed.clone() }));
    bodies.chain(signatures).map(|(bit, signed)| (bit, Entry::parse(&signed).ok()))
}
