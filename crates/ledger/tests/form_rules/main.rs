//! What makes bytes a roster entry or a commit: one that is well formed, and the same with one thing changed, which is
//! refused before anybody's signature is looked at.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../world/mod.rs"]
mod world;

mod commits;
mod entries;

use keyfold_crypto::exact::Malformed;
use keyfold_ledger::{Commit, Entry, EntryError};
use keyfold_wire::v1;
use world::{World, each_breaks_just_its_rule, every};

#[test]
fn every_rule_of_form_refuses_what_breaks_just_it() {
    let mut cases = entries::frame();
    cases.extend(entries::bodies());
    cases.extend(entries::keys_and_names());
    cases.extend(entries::lists());
    cases.extend(entries::transcripts());
    cases.extend(commits::cases());
    let every =
        every!(EntryError { Malformed, UnknownSuite, Missing, Length, Order, TooMany, Delay, Keys, Description });
    each_breaks_just_its_rule(cases, every);
}

#[test]
fn only_the_canonical_form_is_an_entry_or_a_commit() {
    let mut world = World::of(&["laptop"]);
    world.write("laptop", "mail", "1");
    let entry = |signed: &v1::Signed| Entry::parse(signed).map(drop);
    let commit = |signed: &v1::Signed| Commit::parse(signed).map(drop);
    let other = EntryError::Malformed(Malformed::NotCanonical);
    for (signed, parse) in [
        (world.entries[0].signed(), &entry as &dyn Fn(&v1::Signed) -> Result<(), EntryError>),
        (world.commits[0].signed(), &commit),
    ] {
        let with = |more: &[u8]| {
            let body = [signed.body.as_slice(), more].concat();
            parse(&v1::Signed { body, signature: signed.signature.clone() })
        };
        assert_eq!(with(&[]), Ok(()));
        assert_eq!(with(&[0xf8, 0x01, 1]), Err(other), "an unknown field");
        assert_eq!(with(&[0x08, 1]), Err(other), "a field again");
        assert_eq!(with(&[0x10, 0]), Err(other), "a default, written out");
        assert_eq!(with(&[0xff]), Err(other), "half a field");
    }
}

#[test]
fn what_is_too_long_is_not_read() {
    let signed = |length| v1::Signed { body: vec![0; length], signature: Vec::new() };
    let too_long = |limit| Err(EntryError::Malformed(Malformed::TooLong { limit }));
    assert_eq!(Entry::parse(&signed(32 * 1024 + 1)).map(drop), too_long(32 * 1024));
    assert_eq!(Commit::parse(&signed(128 * 1024 + 1)).map(drop), too_long(128 * 1024));
}

#[test]
fn the_largest_entry_and_commit_that_the_bounds_allow_can_be_read() {
    assert_eq!(Entry::parse(&entries::largest()).map(drop), Ok(()));
    assert_eq!(Commit::parse(&commits::largest()).map(drop), Ok(()));
}
