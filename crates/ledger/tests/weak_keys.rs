//! A key under which anybody can sign is no key: whoever holds one could deny all that it signed. Neither is a key whose
//! signatures one implementation takes and another does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use data_encoding::HEXLOWER;
use keyfold_crypto::{MemberKeysError, SigningAlgorithm, VerifyingKey, signing::NotAKey};
use keyfold_ledger::{Entry, EntryError};
use keyfold_wire::v1::{self, roster_entry::Body};
use prost::Message;
use world::{World, log_key};

/// The eight points of small order, then other spellings of them, then what is no point at all.
const WEAK: [&str; 13] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0200000000000000000000000000000000000000000000000000000000000000",
];

/// The base point plus each point of small order but zero. The scalar 1 signs under all of them.
const MIXED: [&str; 7] = [
    "98519eadf35b995233b51b5cd23e9cc5a28b639b5a4af0ec903cb960d81b7819",
    "9bad33f580df7ecc49df5342bac8145d5bedc40f573d1b067f3c4ce449689a15",
    "da99e28ba529cdde35a25fba9059e78ecaee239f99755b9b1aa4f65df00803e2",
    "9599999999999999999999999999999999999999999999999999999999999999",
    "55ae61520ca466adcc4ae4a32dc1633a5d749c64a5b50f136fc3469f27e487e6",
    "5252cc0a7f208133b620acbd4537eba2a4123bf0a8c2e4f980c3b31bb69765ea",
    "13661d745ad63221ca5da0456fa618713511dc60668aa464e55b09a20ff7fc1d",
];

/// The base point itself.
const SOUND: &str = "5866666666666666666666666666666666666666666666666666666666666666";

/// Under the first of the weak keys, (1, 0) is a signature of every message: a server with such a log key could say of each
/// receipt that somebody else made it.
#[test]
fn no_log_key_lets_a_server_deny_its_receipts() {
    let world = World::of(&["laptop"]);
    let replaces = |log_key: Vec<u8>| {
        let entry = world.entry("laptop", Body::ReplaceLogKey(v1::ReplaceLogKey { log_key }));
        Entry::parse(&world.person("laptop").signing.sign(&entry)).map(drop)
    };
    assert_eq!(replaces(log_key().verifying_key().as_bytes().to_vec()), Ok(()));
    for weak in weak() {
        assert_eq!(replaces(weak.clone()), Err(EntryError::Length("log_key")), "{weak:x?}");
        assert_eq!(VerifyingKey::new(SigningAlgorithm::Ed25519, &weak), Err(NotAKey));
    }
}

#[test]
fn no_account_begins_with_a_device_that_anybody_can_sign_for() {
    let world = World::of(&["laptop"]);
    let genesis = v1::RosterEntry::decode(world.entries[0].signed().body.as_slice()).expect("decodes");
    for weak in weak() {
        let mut genesis = genesis.clone();
        let Some(Body::Genesis(v1::Genesis { device: Some(device), .. })) = &mut genesis.body else {
            panic!("a genesis has a device")
        };
        device.signing_key = weak;
        let parsed = Entry::parse(&world.person("laptop").signing.sign(&genesis)).map(drop);
        assert_eq!(parsed, Err(EntryError::Keys(MemberKeysError::Signing)));
    }
}

/// A signature under such a key holds or not, depending on whether the verifier multiplies by the cofactor: two devices
/// would disagree on one chain.
#[test]
fn no_key_has_signatures_that_only_some_verifiers_take() {
    assert!(VerifyingKey::new(SigningAlgorithm::Ed25519, &bytes(SOUND)).is_ok());
    for mixed in MIXED.map(bytes) {
        assert_eq!(VerifyingKey::new(SigningAlgorithm::Ed25519, &mixed), Err(NotAKey), "{mixed:x?}");
    }
}

fn weak() -> impl Iterator<Item = Vec<u8>> {
    WEAK.into_iter().map(bytes)
}

fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal")
}
