//! What a program gets that asks for JSON: no number here is held against the clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    process::{Command, Output},
};

use serde_json::Value;

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyfold-bench")).args(arguments).output().unwrap()
}

#[test]
fn two_measurements_of_the_client_as_json() {
    let output = bench(&["opening", "get", "--seconds", "0.2", "--json"]);
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows.iter().map(|row| row["name"].as_str().unwrap()).collect::<Vec<_>>(), ["opening", "get"]);
    for row in &rows {
        let members: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            members.into_iter().collect::<Vec<_>>(),
            ["holds", "limit", "name", "ratio", "target", "unit", "value"]
        );
        let [value, limit, ratio] = ["value", "limit", "ratio"].map(|name| row[name].as_f64().unwrap());
        // A number that is read is the one that was written but for its last digit.
        assert!(value > 0.0 && limit > 0.0 && (ratio * limit / value - 1.0).abs() < 1e-12, "{row}");
        assert!(row["unit"].as_str().unwrap().ends_with("/s") && row["target"].as_str().unwrap().starts_with(">= "));
    }
    let all_hold = rows.iter().all(|row| row["holds"].as_bool().unwrap());
    assert_eq!(output.status.code(), Some(i32::from(!all_hold)));
}

#[test]
fn a_measurement_that_cannot_be_made_fails_with_one_line_that_mends_it() {
    let folder = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let alone = folder.path().join("keyfold-bench");
    std::fs::copy(env!("CARGO_BIN_EXE_keyfold-bench"), &alone).unwrap();
    let output = Command::new(alone).args(["idle", "--json"]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.trim_ascii()), (Some(1), b"[]".as_slice()));
    let said = String::from_utf8(output.stderr).unwrap();
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("keyfold-bench: idle: keyfoldd "), "{said}");
    assert!(last.ends_with("Mend: cargo build --release --workspace"), "{said}");
}

#[test]
fn every_measurement_has_a_name_that_is_listed() {
    let listed = String::from_utf8(bench(&["list"]).stdout).unwrap();
    assert!(listed.lines().all(|line| line.split_whitespace().count() > 3), "{listed}");
    assert_eq!(bench(&["no-such-measurement"]).status.code(), Some(2));
}
