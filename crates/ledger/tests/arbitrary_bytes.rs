//! Whatever bytes come in, they are read or refused: nothing panics, and nothing that was changed is taken for what it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeMap;

use keyfold_crypto::SUITE;
use keyfold_ledger::{Account, Commit, Element, Entry, ForkProof, Receipt, Roster, SetState, Transcript};
use keyfold_wire::v1::{self, RosterEntry, Signed, roster_entry::Body};
use proptest::{collection::vec, prelude::*};
use prost::Message;
use world::{World, log_key, mutated};

/// An account whose roster has an entry of every kind, and whose vault has every kind of change.
fn account() -> World {
    let mut world = World::of(&["laptop", "tpm"]);
    world.push("laptop", &[world.writes("mail", "1"), world.writes("bank", "1")]);
    world.set_up_recovery("laptop", "code", 0);
    let begin = world.begin_recovery("code", "phone");
    world.end_recovery("code", "phone", &begin);
    world.replace_recovery("phone", &["code", "tpm"], "code two");
    let begin = world.begin_recovery("code two", "watch");
    world.append("laptop", Body::RecoveryCancel(v1::RecoveryCancel { begin: begin.to_vec() }));
    world.append("laptop", Body::JoinTenant(v1::JoinTenant { tenant: vec![1; 16], name: "Firm".into() }));
    world.append("laptop", Body::LeaveTenant(v1::LeaveTenant { tenant: vec![1; 16] }));
    world.rename("phone", "laptop", "Ana's laptop");
    let log_key = world::other_log_key().verifying_key().as_bytes().to_vec();
    world.append("laptop", Body::ReplaceLogKey(v1::ReplaceLogKey { log_key }));
    world.push("laptop", &[world.writes("mail", "2"), world.purges("bank"), world.writes("news", "1")]);
    world
}

fn proof() -> Vec<u8> {
    let common = World::of(&["laptop"]);
    let (mut one, mut two) = (common.clone(), common);
    one.write("laptop", "mail", "1");
    two.write("laptop", "mail", "another");
    two.write("laptop", "mail", "2");
    v1::ForkProof {
        suite: SUITE,
        log_key: log_key().verifying_key().as_bytes().to_vec(),
        earlier: one.vault_receipt(&log_key()).encode_to_vec(),
        later: two.vault_receipt(&log_key()).encode_to_vec(),
        links: vec![two.commits[1].signed().encode_to_vec()],
    }
    .encode_to_vec()
}

fn signed(body: Vec<u8>, signature: Vec<u8>) -> Signed {
    Signed { body, signature }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_are_read_or_refused(body in vec(any::<u8>(), 0..600), signature in vec(any::<u8>(), 0..80)) {
        let signed = signed(body.clone(), signature);
        prop_assert!(Entry::parse(&signed).is_err());
        prop_assert!(Commit::parse(&signed).is_err());
        prop_assert!(Receipt::read(&log_key().verifying_key(), &signed).is_err());
        prop_assert!(ForkProof::verify(&log_key().verifying_key(), &body).is_err());
        prop_assert!(Transcript::enrolment(&body).is_err());
        prop_assert!(SetState::try_from(body.as_slice()).is_err());
    }

    #[test]
    fn an_entry_of_arbitrary_fields_is_read_or_refused(
        (suite, seq, at) in any::<(u32, u64, u64)>(),
        fields in vec(vec(any::<u8>(), 0..40), 6),
        kind in 0..8_u8,
    ) {
        let [prev, author, vault_head, one, two, three] = fields.try_into().expect("six");
        let text = String::from_utf8_lossy(&three).into_owned();
        let keys = v1::MemberKeys { algorithm: i32::from(kind), signing_key: one.clone(), wrapping_key: two.clone() };
        let rotate = v1::Rotate {
            epoch: seq,
            commitment: one.clone(),
            sealed: vec![v1::SealedKeyHash { member: two.clone(), hash: three.clone() }; usize::from(kind)],
            links: vec![v1::LinkHash { epoch: at, hash: two.clone() }; usize::from(kind)],
        };
        let body = match kind {
            0 => None,
            1 => Some(Body::Genesis(v1::Genesis { random: one, device: Some(keys), description: None, log_key: two })),
            2 => Some(Body::Rotate(rotate)),
            3 => Some(Body::Remove(v1::Remove { members: vec![one, two], rotation: Some(rotate), replacement: None })),
            4 => Some(Body::AddDevice(v1::AddDevice { transcript: Some(v1::add_device::Transcript::Enrolment(one)), signature: two, sealed_key_hash: three })),
            5 => Some(Body::AddRecovery(v1::AddRecovery { member: Some(v1::RecoveryMember { keys: Some(keys), delay: at, lookup_hash: one.clone() }), sealed_key_hash: one })),
            6 => Some(Body::RenameDevice(v1::RenameDevice { device: one, name: text })),
            _ => Some(Body::JoinTenant(v1::JoinTenant { tenant: one, name: text })),
        };
        let entry = RosterEntry { suite: suite % 3, seq, prev, author, at, vault_head, body };
        // Read or refused, as its fields happen to be; what counts is that it says which.
        let _ = Entry::parse(&signed(entry.encode_to_vec(), Vec::new())).map(|entry| entry.account_id());
    }

    #[test]
    fn an_element_of_arbitrary_fields_is_read_back_or_refused(
        (item, envelope_hash) in (vec(any::<u8>(), 0..20), vec(any::<u8>(), 0..40)),
        (revision, tombstone) in any::<(u64, bool)>(),
    ) {
        let wire = v1::Element { item, revision, envelope_hash, tombstone };
        if let Ok(element) = Element::try_from(&wire) {
            prop_assert_eq!(element.to_wire(), wire);
        }
    }
}

#[test]
fn a_mutated_entry_is_refused_in_form_or_by_its_signature() {
    let entries = account().entries;
    let mut roster = Roster::genesis(&entries[0]).expect("a genesis");
    for honest in &entries[1..] {
        let stands = |body: Vec<u8>| {
            let entry = Entry::parse(&signed(body, honest.signed().signature.clone()));
            entry.is_ok_and(|entry| roster.append(&entry).is_ok())
        };
        assert!(stands(honest.signed().body.clone()), "unchanged, it stands");
        mutations(&honest.signed().body, |body| assert!(!stands(body.to_vec())));
        roster = roster.append(honest).expect("unchanged, it stands");
    }
}

#[test]
fn a_mutated_commit_is_refused_in_form_or_by_its_signature() {
    let world = account();
    let (mut elements, last) = (BTreeMap::new(), world.commits.len() - 1);
    let founded = Account::found(&world.entries[0], &world.entries[1]).expect("founded");
    let before = founded.extend(&world.entries[2..], &world.commits[..last], &mut elements).expect("stands");
    let honest = world.commits[last].signed();
    let stands = |body: Vec<u8>| {
        let commit = Commit::parse(&signed(body, honest.signature.clone()));
        commit.is_ok_and(|commit| before.push(&commit, &elements).is_ok())
    };
    assert!(stands(honest.body.clone()), "unchanged, it stands");
    mutations(&honest.body, |body| assert!(!stands(body.to_vec())));
}

#[test]
fn a_mutated_receipt_is_refused() {
    let honest = World::of(&["laptop"]).roster_receipt(&log_key());
    let read = |signed: &Signed| Receipt::read(&log_key().verifying_key(), signed).is_ok();
    assert!(read(&honest));
    mutations(&honest.body, |body| assert!(!read(&signed(body.to_vec(), honest.signature.clone()))));
    mutations(&honest.signature, |signature| assert!(!read(&signed(honest.body.clone(), signature.to_vec()))));
}

#[test]
fn a_mutated_proof_proves_nothing_else() {
    let honest = proof();
    let proved = ForkProof::verify(&log_key().verifying_key(), &honest).expect("a fork");
    mutations(&honest, |bytes| {
        // A link's own signature is not what proves: the receipts' are, and the links hang on them by their hashes.
        if let Ok(other) = ForkProof::verify(&log_key().verifying_key(), bytes) {
            assert_eq!(
                (other.earlier(), other.later(), other.other()),
                (proved.earlier(), proved.later(), proved.other())
            );
        }
    });
}

/// Some hundred mutations of these bytes.
fn mutations(bytes: &[u8], check: impl Fn(&[u8])) {
    let config = ProptestConfig::with_cases(128);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&mutated(bytes.to_vec()), |mutated| {
        if mutated != bytes {
            check(&mutated);
        }
        Ok(())
    });
    assert_eq!(outcome, Ok(()));
}
