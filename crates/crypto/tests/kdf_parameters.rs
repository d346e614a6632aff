//! A hostile server, or a file that somebody changed, chooses how a passphrase is stretched. This file holds nothing
//! that derives a key: the most memory that its process ever had tells whether one was derived.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use keyfold_crypto::passphrase::{self, PassphraseError};
use keyfold_wire::v1::SealedSecrets;
use prost::Message;

const PINNED: (u32, u32, u32) = (65_536, 3, 1);

fn sealed_with((memory_kib, passes, lanes): (u32, u32, u32)) -> Vec<u8> {
    SealedSecrets {
        suite: 1,
        memory_kib,
        passes,
        lanes,
        salt: vec![7; 16],
        nonce: vec![7; 12],
        commitment: vec![7; 32],
        ciphertext: vec![7; 64],
    }
    .encode_to_vec()
}

fn assert_refused_without_work(parameters: &[(u32, u32, u32)]) {
    for parameters in parameters {
        let opened = passphrase::open(b"correct horse", &sealed_with(*parameters));
        assert_eq!(opened, Err(PassphraseError::Parameters), "{parameters:?}");
    }
    // Argon2id at the pinned parameters, or at any of these that is larger, takes 64 MiB.
    if let Some(peak) = peak_memory_kib() {
        assert!(peak < u64::from(PINNED.0), "{peak} KiB: a key was derived");
    }
}

/// The most memory that this process ever had, where the system tells it.
fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn threat_05_kdf_parameters_below_the_floor_or_other_than_pinned_are_refused_before_any_work() {
    let (memory, passes, lanes) = PINNED;
    assert_refused_without_work(&[
        (0, 0, 0),
        (8, 1, 1),
        (memory - 1, passes, lanes),
        (memory, passes - 1, lanes),
        (memory, passes, 0),
        (memory + 1, passes, lanes),
        (memory, passes + 1, lanes),
        (memory, passes, lanes + 1),
    ]);
}

#[test]
fn threat_06_huge_kdf_parameters_are_refused_and_take_no_memory() {
    let (memory, passes, lanes) = PINNED;
    assert_refused_without_work(&[
        (u32::MAX, passes, lanes),
        (memory, u32::MAX, lanes),
        (memory, passes, u32::MAX),
        (u32::MAX, u32::MAX, u32::MAX),
    ]);
}

#[test]
fn an_unknown_suite_and_damaged_lengths_are_refused_before_any_work() {
    for suite in [0, 2, u32::MAX] {
        let message = SealedSecrets { suite, ..SealedSecrets::decode(&*sealed_with(PINNED)).expect("decodes") };
        assert_eq!(passphrase::open(b"", &message.encode_to_vec()), Err(PassphraseError::Parameters), "{suite}");
    }
    let message = SealedSecrets::decode(&*sealed_with(PINNED)).expect("decodes");
    for damaged in [
        SealedSecrets { salt: vec![7; 15], ..message.clone() },
        SealedSecrets { salt: vec![7; 4096], ..message.clone() },
        SealedSecrets { nonce: vec![7; 11], ..message.clone() },
        SealedSecrets { ciphertext: vec![7; passphrase::MAX_LEN], ..message.clone() },
    ] {
        let opened = passphrase::open(b"", &damaged.encode_to_vec());
        assert!(matches!(opened, Err(PassphraseError::Malformed(_))), "{opened:?}");
    }
    assert_refused_without_work(&[]);
}
