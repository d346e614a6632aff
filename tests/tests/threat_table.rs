//! The table of threats in `tests/README.md` says what is there, and all of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Of each threat what holds it: test files as the table names them, or mutations.
type Held = BTreeMap<String, BTreeSet<String>>;

#[test]
fn every_threats_tests_are_in_the_table_and_every_test_of_the_table_is_there() {
    assert_eq!(table(3), tests());
}

#[test]
fn every_mutation_is_in_the_table_and_every_mutation_of_the_table_is_there() {
    let mut mutations = Held::new();
    for file in files_of(&here().join("mutations"), "patch") {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let threat = name.split('-').next().unwrap().to_owned();
        mutations.entry(threat).or_default().insert(name);
    }
    assert_eq!(table(4), mutations);
    let with_tests: BTreeSet<_> = tests().into_keys().collect();
    assert_eq!(with_tests, mutations.into_keys().collect(), "each has both");
}

/// The names in backquotes in one column of the table.
fn table(column: usize) -> Held {
    let mut held = Held::new();
    for line in fs::read_to_string(here().join("README.md")).unwrap().lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let Some(names) = cells.get(column).filter(|_| cells.len() == 6) else { continue };
        let names: BTreeSet<String> = names.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        if !names.is_empty() {
            held.entry(cells[1].to_owned()).or_default().extend(names);
        }
    }
    held
}

/// The files that hold tests of each threat.
fn tests() -> Held {
    let crates = here().join("../crates");
    let (own, threats) = (here().join("tests"), here().join("tests/threats"));
    let mut held = Held::new();
    let of_crates =
        ["crypto", "evidence", "ledger", "store", "vault"].map(|name| (name, crates.join(name).join("tests")));
    let authenticator = ("authenticator", crates.join("authenticator/src"));
    for (place, folder) in of_crates.into_iter().chain([authenticator, ("", own)]) {
        for file in files_of(&folder, "rs") {
            let place = if file.starts_with(&threats) { "threats" } else { place };
            // Where a module's tests are beside it, its name says more than theirs.
            let named = if file.ends_with("tests.rs") { file.parent().unwrap() } else { &file };
            let name = named.file_stem().unwrap().to_str().unwrap();
            let name = if place.is_empty() { name.to_owned() } else { format!("{place}:{name}") };
            let source = fs::read_to_string(&file).unwrap();
            for test in source.split("fn threat_").skip(1) {
                let threat = test.split('_').next().unwrap().to_owned();
                if test.starts_with(|first: char| first.is_ascii_alphanumeric()) {
                    held.entry(threat).or_default().insert(name.clone());
                }
            }
        }
    }
    // The extension's tests have titles.
    for file in files_of(&crates.join("extension/test"), "ts") {
        let name = file.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned();
        for test in fs::read_to_string(&file).unwrap().split("\ntest('threat ").skip(1) {
            let threat = test.split(':').next().unwrap().to_owned();
            held.entry(threat).or_default().insert(format!("extension:{name}"));
        }
    }
    held
}

/// All files below a folder with this extension.
fn files_of(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_of(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files
}

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
