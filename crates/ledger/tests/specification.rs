//! `proto/README.md` and this code say the same numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use keyfold_crypto::{Signable, envelope, epoch, passphrase};
use keyfold_ledger::{
    MAX_AHEAD, MAX_CHANGES, MAX_DEVICES, MAX_ITEMS, MAX_LINKS, MAX_RECOVERY_DELAY, MAX_TENANTS, SetState,
};
use keyfold_wire::v1::{self, ProblemCode};

fn specification() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/README.md");
    std::fs::read_to_string(path).expect("proto/README.md is there")
}

/// 1234567 as 1,234,567.
fn grouped(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().ok().expect("a number").to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// Wherever its lines are broken.
fn assert_says(sentence: &str) {
    let words: Vec<String> = specification().split_whitespace().map(ToOwned::to_owned).collect();
    assert!(words.join(" ").contains(sentence), "the specification does not say: {sentence}");
}

fn assert_signed<M: Signable>(message: &str) {
    let namespace = M::NAMESPACE.name().strip_prefix("keyfold/v1/").expect("a namespace of this version");
    assert_says(&format!("| `{message}` | `{namespace}` | {} |", grouped(M::MAX_LEN)));
}

#[test]
fn every_signed_message_has_the_namespace_and_bound_that_the_specification_says() {
    assert_signed::<v1::RosterEntry>("RosterEntry");
    assert_signed::<v1::Commit>("Commit");
    assert_signed::<v1::Receipt>("Receipt");
    assert_signed::<v1::SessionOpen>("SessionOpen");
    assert_signed::<v1::AccountDelete>("AccountDelete");
    assert_signed::<v1::EnrolmentTranscript>("EnrolmentTranscript");
    assert_signed::<v1::RecoveryTranscript>("RecoveryTranscript");
    assert_signed::<v1::ExportRecord>("ExportRecord");
    assert_signed::<v1::PostureReport>("PostureReport");
}

#[test]
fn every_refusal_has_the_number_that_the_specification_says() {
    let mut codes = 0;
    for code in (1..).map_while(|number| ProblemCode::try_from(number).ok()) {
        let name = code.as_str_name().strip_prefix("PROBLEM_CODE_").expect("the enum's prefix");
        assert_says(&format!("| {name} | {} |", i32::from(code)));
        codes += 1;
    }
    assert_eq!(codes, specification().lines().filter(|line| is_code(line)).count(), "a code that is not in the enum");
}

/// `| NAME | number | status |`
fn is_code(line: &str) -> bool {
    let mut cells = line.split('|').map(str::trim).skip(1);
    let name = cells.next().unwrap_or_default();
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    named && cells.take(2).all(|cell| cell.parse::<u16>().is_ok())
}

#[test]
fn the_limits_of_both_chains_are_those_that_the_specification_says() {
    assert_says(&format!("| changes in a commit | {}", grouped(MAX_CHANGES)));
    assert_says(&format!("| devices of an account | {MAX_DEVICES}"));
    assert_says(&format!("(room on the server) | {};", grouped(MAX_ITEMS)));
    assert_says(&format!("| links of a rotation | {MAX_LINKS} |"));
    assert_says(&format!("| tenants of an account | {MAX_TENANTS} |"));
    assert_says(&format!("`delay` is 0 to {} ms", grouped(MAX_RECOVERY_DELAY)));
    assert_says(&format!("in entries, commits and deletions | {} minutes |", MAX_AHEAD / 60_000));
    let (most, content) = (grouped(envelope::MAX_LEN), grouped(envelope::MAX_CONTENT));
    assert_says(&format!("| envelope; its content | {most} bytes; {content} bytes |"));
    assert_says(&format!("it has {} to {most} bytes", envelope::MIN_LEN));
    assert_says(&format!("**Sealed key** ({} bytes)", grouped(epoch::SEALED_LEN)));
    assert_says(&format!("**Link** ({} bytes)", epoch::LINK_LEN));
    assert_says(&format!("stored as {} bytes", grouped(SetState::LEN)));
    assert_says(&format!("So are messages over {} bytes", grouped(passphrase::MAX_LEN)));
    let (memory, passes, lanes) = (passphrase::MEMORY_KIB, passphrase::PASSES, passphrase::LANES);
    assert_says(&format!("with {} KiB, {passes} passes, {lanes} lane,", grouped(memory)));
}
