//! Whatever comes from outside, a parser returns: the corpus that fuzzing keeps, and many changed copies of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fs, path::Path, time::Instant};

use keyfold_client::{
    MemberId,
    authenticator::hid::{Act, PACKET, Protocol},
    exchange::{Exchange, Importer},
    item::Revision,
};
use keyfold_evidence::{
    AuthenticatorData, CredentialKey, SignedStatement,
    hardware::{AttestationKey, KeyDescription, Parent},
};
use keyfold_tests::parsers::PARSERS;
use keyfold_vault::chains::Offer;
use keyfold_wire::v1;
use prost::Message;

#[test]
fn every_parser_survives_the_corpus_and_its_mutations() {
    let mut random = XorShift(0x9e37_79b9_7f4a_7c15);
    for (name, parse) in PARSERS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "there is no corpus for {name}");
        for seed in &corpus {
            parse(seed);
            for _ in 0..200 {
                parse(&mutated(seed, &mut random));
            }
        }
    }
}

/// What nothing but a well-formed one reaches is fuzzed, too.
#[test]
fn the_corpus_of_offers_begins_with_some() {
    assert!(corpus("offer").iter().filter(|seed| Offer::parse(seed).is_ok()).count() > 1);
}

#[test]
fn the_corpus_of_packets_brings_a_request() {
    let brings_one = |seed: &Vec<u8>| {
        let mut protocol = Protocol::default();
        let (packets, _) = seed.as_chunks::<PACKET>();
        packets
            .iter()
            .flat_map(|packet| protocol.receive(packet, Instant::now()))
            .any(|act| matches!(act, Act::Serve(..)))
    };
    assert!(corpus("hid").iter().any(brings_one));
}

#[test]
fn the_corpus_of_items_begins_with_one_of_each_kind() {
    let items = corpus("item");
    let read = items.iter().filter_map(|seed| {
        let at = v1::Item::decode(seed.as_slice()).ok()?.at;
        Some(Revision::decode(seed, at, None).ok()?.item.content)
    });
    let kinds: BTreeSet<_> = read.map(|content| format!("{content:?}").split('(').next().unwrap().to_owned()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["Export", "Foreign", "Passkey"]);
}

#[test]
fn the_corpus_of_exchanged_files_begins_with_some() {
    let importer = Importer { device: MemberId::new([2; 16]), at: 0 };
    let files = corpus("exchange");
    let read = files.iter().filter_map(|seed| Exchange::read(seed, importer).ok());
    assert!(read.filter(|exchange| exchange.left_out.is_empty()).count() > 1);
}

#[test]
fn the_corpus_of_responses_begins_with_some_of_each_form() {
    let seeds = corpus("evidence_response");
    let count = |is_read: fn(&[u8]) -> bool| seeds.iter().filter(|seed| is_read(seed)).count();
    assert!(count(|seed| SignedStatement::decode(seed).is_ok()) > 1);
    assert!(count(|seed| AuthenticatorData::parse(seed).is_ok()) > 1);
    assert!(count(|seed| CredentialKey::parse(seed).is_ok()) > 1);
}

#[test]
fn the_corpus_of_hardware_evidence_begins_with_some_of_each_form() {
    let seeds = corpus("evidence_hardware");
    assert!(seeds.iter().any(|seed| KeyDescription::parse(seed).is_ok()));
    assert!(seeds.iter().any(|seed| AttestationKey::parse(seed, Parent::Owner).is_ok()));
}

#[test]
fn every_parser_has_its_fuzz_target() {
    for (name, _) in PARSERS {
        let target = folder().join("fuzz_targets").join(name).with_extension("rs");
        let source = fs::read_to_string(&target).unwrap();
        assert!(source.contains(&format!("parsers::{name}(")), "{} does not fuzz {name}", target.display());
    }
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder().join("corpus").join(name)).unwrap();
    files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Flips, cuts, repeats or inserts, as fuzzers do.
fn mutated(seed: &[u8], random: &mut XorShift) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(3) {
        let place = random.below(bytes.len() + 1);
        match random.below(4) {
            0 if place < bytes.len() => bytes[place] ^= 1 << random.below(8),
            1 => bytes.truncate(place),
            2 => {
                let piece = bytes[place..].to_vec();
                bytes.extend(piece);
            }
            _ => bytes.insert(place, u8::try_from(random.below(256)).unwrap()),
        }
    }
    bytes
}

/// The same numbers each time, so that a failure repeats itself.
struct XorShift(u64);

impl XorShift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}
