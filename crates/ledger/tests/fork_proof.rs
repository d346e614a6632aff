//! A server that shows two histories is caught: anybody who knows its log key can check the proof.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeMap;

use keyfold_crypto::{SUITE, SigningKey};
use keyfold_ledger::{Account, Chain, ForkError, ForkProof};
use keyfold_wire::v1::{self, Signed};
use prost::Message;
use world::{World, case, each_breaks_just_its_rule, every, flips, log_key, other_log_key};

/// Ana's two devices, to whom the server shows two vaults from commit 3 on; and what it signed for each.
struct Fork {
    phone: World,
    laptop: World,
}

impl Fork {
    fn new() -> Self {
        let mut common = World::of(&["laptop", "phone"]);
        common.write("laptop", "mail", "1");
        common.write("phone", "bank", "1");
        let (mut phone, mut laptop) = (common.clone(), common);
        phone.write("phone", "mail", "written on the phone");
        laptop.write("laptop", "mail", "written on the laptop");
        laptop.write("laptop", "news", "1");
        laptop.write("laptop", "shop", "1");
        Self { phone, laptop }
    }

    /// What a user puts together from what the devices hold: the phone stands at 3, the laptop at 5.
    fn proof(&self) -> v1::ForkProof {
        v1::ForkProof {
            suite: SUITE,
            log_key: log_key().verifying_key().as_bytes().to_vec(),
            earlier: self.phone.vault_receipt(&log_key()).encode_to_vec(),
            later: self.laptop.vault_receipt(&log_key()).encode_to_vec(),
            links: links(&self.laptop, 3).iter().map(Message::encode_to_vec).collect(),
        }
    }
}

/// The commits from the head back to, but without, a position: newest first.
fn links(world: &World, seq: usize) -> Vec<Signed> {
    world.commits.iter().skip(seq).rev().map(|commit| commit.signed().clone()).collect()
}

fn verdict(proof: &v1::ForkProof) -> Result<(), ForkError> {
    ForkProof::verify(&log_key().verifying_key(), &proof.encode_to_vec()).map(drop)
}

#[test]
fn a_third_party_who_knows_only_the_log_key_checks_the_proof() {
    let fork = Fork::new();
    let (earlier, later) = (fork.phone.vault_receipt(&log_key()), fork.laptop.vault_receipt(&log_key()));
    let made = ForkProof::new(&log_key().verifying_key(), &earlier, &later, &links(&fork.laptop, 3)).expect("a fork");

    let file = made.as_bytes().to_vec();
    let checked = ForkProof::verify(&log_key().verifying_key(), &file).expect("anybody sees the fork");
    assert_eq!((checked.earlier().seq, checked.later().seq), (3, 5));
    assert_eq!((checked.earlier().chain, checked.later().chain), (Chain::Vault, Chain::Vault));
    assert_eq!(checked.earlier().head, fork.phone.commits[2].hash(), "what the phone was shown");
    assert_eq!(checked.other(), fork.laptop.commits[2].hash(), "what the laptop was shown");
}

#[test]
fn two_heads_at_one_position_need_no_links() {
    let mut one = World::of(&["laptop", "phone"]);
    let mut two = one.clone();
    one.rename("laptop", "phone", "Ana's phone");
    two.rename("laptop", "phone", "Ana's old phone");
    let receipts = [&one, &two].map(|world| world.roster_receipt(&log_key()));
    let proof = ForkProof::new(&log_key().verifying_key(), &receipts[0], &receipts[1], &[]).expect("a fork");
    assert_eq!((proof.earlier().chain, proof.other()), (Chain::Roster, two.account.roster().head()));
}

#[test]
fn a_fork_of_the_roster_is_proved_over_entries_of_every_kind() {
    let mut laptop = World::of(&["laptop", "phone", "tpm"]);
    let mut phone = laptop.clone();
    phone.rename("phone", "phone", "Ana's phone");
    laptop.remove("laptop", &["phone"]);
    laptop.set_up_recovery("tpm", "code", 0);
    laptop.rotate("laptop");
    let later = laptop.account.roster().seq();
    let links: Vec<Signed> = laptop.entries[5..].iter().rev().map(|entry| entry.signed().clone()).collect();
    assert_eq!((later, links.len()), (6, 2));
    let (earlier, later) = (phone.roster_receipt(&log_key()), laptop.roster_receipt(&log_key()));
    let proof = ForkProof::new(&log_key().verifying_key(), &earlier, &later, &links).expect("a fork");
    assert_eq!(proof.other(), laptop.entries[4].hash(), "the removal, which the phone was not shown");
}

#[test]
fn every_rule_of_proofs_refuses_what_breaks_just_it() {
    let fork = Fork::new();
    let proof = fork.proof();
    let changed = |rule, change: &dyn Fn(&mut v1::ForkProof), error| {
        let mut other = proof.clone();
        change(&mut other);
        case(rule, verdict(&proof), verdict(&other), error)
    };
    let receipt = |world: &World, key: &SigningKey| world.vault_receipt(key).encode_to_vec();
    let strangers = World::of(&["laptop"]);
    let honest = receipt(&behind(&fork.laptop), &log_key());
    let unparsable = Signed { body: vec![0xff], signature: Vec::new() }.encode_to_vec();
    let mut cases = vec![
        changed("suite 2", &|proof| proof.suite = 2, ForkError::Form),
        changed("a receipt is a signed message", &|proof| proof.earlier.push(0), ForkError::Form),
        changed("a link is a signed message", &|proof| proof.links[0].push(0), ForkError::Form),
        changed("a log key is a key", &|proof| proof.log_key.truncate(31), ForkError::Form),
        changed(
            "the proof is for this log key",
            &|proof| proof.log_key = other_log_key().verifying_key().as_bytes().to_vec(),
            ForkError::LogKey,
        ),
        changed(
            "this log key signed the earlier",
            &|proof| proof.earlier = receipt(&fork.phone, &other_log_key()),
            ForkError::LogKey,
        ),
        changed(
            "this log key signed the later",
            &|proof| proof.later = receipt(&fork.laptop, &other_log_key()),
            ForkError::LogKey,
        ),
        changed("one account", &|proof| proof.earlier = receipt(&strangers, &log_key()), ForkError::Unrelated),
        changed(
            "one chain",
            &|proof| proof.earlier = fork.phone.roster_receipt(&log_key()).encode_to_vec(),
            ForkError::Unrelated,
        ),
        changed(
            "the earlier first",
            &|proof| std::mem::swap(&mut proof.earlier, &mut proof.later),
            ForkError::Unrelated,
        ),
        changed("no link is missing", &|proof| drop(proof.links.pop()), ForkError::Links),
        changed("nor the first", &|proof| drop(proof.links.remove(0)), ForkError::Links),
        changed("none is there twice", &|proof| proof.links.insert(0, proof.links[0].clone()), ForkError::Links),
        changed("newest first", &|proof| proof.links.reverse(), ForkError::Links),
        changed(
            "none too many",
            &|proof| proof.links.push(fork.laptop.commits[2].signed().encode_to_vec()),
            ForkError::Links,
        ),
        changed(
            "none of another chain",
            &|proof| proof.links[0] = fork.laptop.entries[1].signed().encode_to_vec(),
            ForkError::Links,
        ),
        changed(
            "none of the other history",
            &|proof| proof.links[1] = fork.phone.commits[2].signed().encode_to_vec(),
            ForkError::Links,
        ),
        changed("every link can be read", &|proof| proof.links[1] = unparsable.clone(), ForkError::Links),
        changed("the histories differ", &|proof| proof.earlier = honest.clone(), ForkError::NoFork),
    ];
    let with_more = [proof.encode_to_vec().as_slice(), &[0xf8, 1, 1]].concat();
    let with_more = ForkProof::verify(&log_key().verifying_key(), &with_more).map(drop);
    cases.push(case("a proof has one form", verdict(&proof), with_more, ForkError::Form));
    let elsewhere = ForkProof::verify(&other_log_key().verifying_key(), &proof.encode_to_vec()).map(drop);
    cases.push(case("a proof is against one server", verdict(&proof), elsewhere, ForkError::LogKey));
    each_breaks_just_its_rule(cases, every!(ForkError { Form, LogKey, Unrelated, Links, NoFork }));
}

/// The same device two commits before.
fn behind(world: &World) -> World {
    let mut elements = BTreeMap::new();
    let founded = Account::found(&world.entries[0], &world.entries[1]).expect("founded");
    let account = founded.extend(&world.entries[2..], &world.commits[..3], &mut elements).expect("stands");
    World { account, elements, ..world.clone() }
}

#[test]
fn an_honest_history_gives_no_proof_at_any_two_positions() {
    let mut world = World::of(&["laptop", "phone"]);
    let mut receipts = vec![(0, world.vault_receipt(&log_key()))];
    for text in ["1", "2", "3", "4"] {
        world.write("laptop", "mail", text);
        receipts.push((world.commits.len(), world.vault_receipt(&log_key())));
    }
    for (earlier_seq, earlier) in &receipts {
        for (later_seq, later) in &receipts {
            let links = world.commits.iter().take(*later_seq).skip(*earlier_seq).rev();
            let links: Vec<Signed> = links.map(|commit| commit.signed().clone()).collect();
            let expected = if earlier_seq > later_seq { ForkError::Unrelated } else { ForkError::NoFork };
            let made = ForkProof::new(&log_key().verifying_key(), earlier, later, &links);
            assert_eq!(made, Err(expected), "{earlier_seq} and {later_seq}");
        }
    }
}

#[test]
fn a_proof_with_any_bit_of_a_receipt_or_of_a_links_content_flipped_is_refused() {
    let fork = Fork::new();
    let proof = fork.proof();
    for (bit, earlier) in flips(&proof.earlier) {
        assert!(verdict(&v1::ForkProof { earlier, ..proof.clone() }).is_err(), "bit {bit} of the earlier");
    }
    for (bit, later) in flips(&proof.later) {
        assert!(verdict(&v1::ForkProof { later, ..proof.clone() }).is_err(), "bit {bit} of the later");
    }
    let link = Signed::decode(proof.links[1].as_slice()).expect("decodes");
    for (bit, body) in flips(&link.body) {
        let links = vec![proof.links[0].clone(), Signed { body, ..link.clone() }.encode_to_vec()];
        assert!(verdict(&v1::ForkProof { links, ..proof.clone() }).is_err(), "bit {bit} of a link");
    }
}
