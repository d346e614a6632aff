//! What the server signs for each head that it accepts, and what passes for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use keyfold_crypto::{Hash, SUITE, SigningKey, signing::SignatureError};
use keyfold_ledger::{Chain, Receipt, ReceiptError};
use keyfold_wire::v1;
use world::{World, case, each_breaks_just_its_rule, every, flips, log_key, other_log_key};

#[test]
fn every_rule_of_receipts_refuses_what_breaks_just_it() {
    let signed = receipt().issue(&log_key());
    let checked = |expected: &Receipt, signed: Option<&v1::Signed>| expected.check(&log_key().verifying_key(), signed);
    let stands = checked(&receipt(), Some(&signed));
    let signed_by = |key: &SigningKey, change: fn(&mut v1::Receipt)| {
        let mut message = message();
        change(&mut message);
        checked(&receipt(), Some(&key.sign(&message)))
    };
    let form = |rule, change| case(rule, stands, signed_by(&log_key(), change), ReceiptError::Form);
    let other =
        |rule, expected: Receipt| case(rule, stands, checked(&expected, Some(&signed)), ReceiptError::OtherHead);
    let forged = ReceiptError::Signature(SignatureError::Invalid);
    let cases = vec![
        case("a head has its receipt", stands, checked(&receipt(), None), ReceiptError::Missing),
        case("a receipt is the log key's", stands, signed_by(&other_log_key(), |_| {}), forged),
        form("suite 0", |receipt| receipt.suite = 0),
        form("suite 2", |receipt| receipt.suite = 2),
        form("no chain", |receipt| receipt.chain = 0),
        form("an unknown chain", |receipt| receipt.chain = 3),
        form("a short account", |receipt| receipt.account.truncate(15)),
        form("a long head", |receipt| receipt.head.push(0)),
        other(
            "a receipt for another account",
            Receipt { account: [8; 16].as_slice().try_into().expect("an id"), ..receipt() },
        ),
        other("a receipt for the other chain", Receipt { chain: Chain::Vault, ..receipt() }),
        other("a receipt for another position", Receipt { seq: 6, ..receipt() }),
        other("a receipt for another head", Receipt { head: Hash::new([4; 32]), ..receipt() }),
    ];
    each_breaks_just_its_rule(cases, every!(ReceiptError { Missing, Signature, Form, OtherHead }));
}

#[test]
fn the_same_receipt_is_always_the_same_bytes() {
    assert_eq!(receipt().issue(&log_key()), receipt().issue(&log_key()));
    assert_eq!(Receipt::read(&log_key().verifying_key(), &receipt().issue(&log_key())), Ok(receipt()));
}

#[test]
fn a_receipt_with_any_bit_flipped_is_refused() {
    let signed = receipt().issue(&log_key());
    for (bit, body) in flips(&signed.body) {
        let flipped = v1::Signed { body, ..signed.clone() };
        assert!(Receipt::read(&log_key().verifying_key(), &flipped).is_err(), "body bit {bit}");
    }
    for (bit, signature) in flips(&signed.signature) {
        let flipped = v1::Signed { signature, ..signed.clone() };
        let refused = Err(ReceiptError::Signature(SignatureError::Invalid));
        assert_eq!(Receipt::read(&log_key().verifying_key(), &flipped), refused, "signature bit {bit}");
    }
}

#[test]
fn a_device_holds_the_server_to_both_heads() {
    let mut world = World::of(&["laptop"]);
    world.write("laptop", "mail", "1");
    let (roster, vault) = (world.account.roster(), world.account.vault());
    let (key, account) = (roster.log_key(), roster.account());
    let of_roster = Receipt { account, chain: Chain::Roster, seq: roster.seq(), head: roster.head() };
    let of_vault = Receipt { account, chain: Chain::Vault, seq: vault.seq(), head: vault.head() };
    assert_eq!(of_roster.check(key, Some(&world.roster_receipt(&log_key()))), Ok(()));
    assert_eq!(of_vault.check(key, Some(&world.vault_receipt(&log_key()))), Ok(()));
    let swapped = of_roster.check(key, Some(&world.vault_receipt(&log_key())));
    assert_eq!(swapped, Err(ReceiptError::OtherHead));
}

fn receipt() -> Receipt {
    Receipt {
        account: [7; 16].as_slice().try_into().expect("an id"),
        chain: Chain::Roster,
        seq: 5,
        head: Hash::new([3; 32]),
    }
}

fn message() -> v1::Receipt {
    v1::Receipt {
        suite: SUITE,
        account: receipt().account.to_vec(),
        chain: v1::Chain::Roster.into(),
        seq: receipt().seq,
        head: receipt().head.to_vec(),
    }
}
