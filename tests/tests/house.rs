//! The house holds: who may depend on what (see the table of crates in README.md), checked against `cargo metadata`; what
//! lies at the top; a README in each folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// What each of our packages may import of ours. A package that is not listed here does not exist.
const MAY_IMPORT: [(&str, &[&str]); 15] = [
    ("keyfold-wire", &[]),
    ("keyfold-crypto", &["keyfold-wire"]),
    ("keyfold-ledger", &["keyfold-wire", "keyfold-crypto"]),
    ("keyfold-authenticator", &["keyfold-crypto"]),
    ("keyfold-evidence", &[]),
    ("keyfold-vault", &["keyfold-wire", "keyfold-crypto", "keyfold-ledger"]),
    ("keyfold-policy", &[]),
    // Of the wire the ids alone: they are in a roster, and so in what both halves know.
    ("keyfold-assurance", &["keyfold-wire", "keyfold-evidence", "keyfold-policy"]),
    ("keyfold-migrations", &[]),
    ("keyfold-store", &["keyfold-wire", "keyfold-vault", "keyfold-assurance", "keyfold-migrations"]),
    ("keyfold-server", &["keyfold-wire", "keyfold-vault", "keyfold-assurance", "keyfold-store"]),
    (
        "keyfold-client",
        &[
            "keyfold-wire",
            "keyfold-crypto",
            "keyfold-ledger",
            "keyfold-authenticator",
            "keyfold-evidence",
            "keyfold-policy",
        ],
    ),
    ("keyfold-cli", &["keyfold-client"]),
    // The bare protocol beside the SDK: its messages are made before the clock starts.
    ("keyfold-bench", &["keyfold-client", "keyfold-crypto", "keyfold-evidence", "keyfold-ledger", "keyfold-wire"]),
    ("keyfold-tests", &["*"]),
];

const SQL: [&str; 7] = ["sqlx", "sea-orm", "sea-orm-migration", "sea-query", "rusqlite", "diesel", "tokio-postgres"];
const HTTP_SERVERS: [&str; 7] = ["actix-web", "actix-http", "actix-service", "actix-tls", "axum", "warp", "rocket"];
const ASYNC_RUNTIMES: [&str; 4] = ["tokio", "async-std", "smol", "actix-rt"];

#[test]
fn arrows_point_one_way() {
    let house = House::measure();
    let rules = BTreeMap::from(MAY_IMPORT);
    assert_eq!(house.packages(), rules.keys().map(ToString::to_string).collect(), "every package has its rule");
    for (package, may) in rules {
        let imports = house.direct(package).into_iter().filter(|name| name.starts_with("keyfold-"));
        for import in imports {
            assert!(may.contains(&import.as_str()) || may.contains(&"*"), "{package} must not import {import}");
        }
    }
}

#[test]
fn only_store_migrations_and_client_know_sql() {
    // The bench measures a raw commit beside ours.
    let knowing = ["keyfold-store", "keyfold-migrations", "keyfold-client", "keyfold-bench", "keyfold-tests"];
    House::measure().only_import(&SQL, &knowing);
}

#[test]
fn only_the_server_serves_http() {
    // The bench measures a bare route beside ours.
    House::measure().only_import(&HTTP_SERVERS, &["keyfold-server", "keyfold-bench", "keyfold-tests"]);
}

#[test]
fn the_pure_crates_reach_no_runtime_no_database_and_no_web_framework() {
    let house = House::measure();
    for package in ["keyfold-wire", "keyfold-crypto", "keyfold-ledger", "keyfold-authenticator", "keyfold-evidence"] {
        let reached = house.reached(package);
        for forbidden in SQL.iter().chain(&HTTP_SERVERS).chain(&ASYNC_RUNTIMES) {
            assert!(!reached.contains(*forbidden), "{package} reaches {forbidden}");
        }
    }
}

#[test]
fn the_vault_half_reaches_neither_storage_nor_the_informed_half() {
    let reached = House::measure().reached("keyfold-vault");
    let walls = ["keyfold-assurance", "keyfold-store"];
    for forbidden in SQL.iter().chain(&HTTP_SERVERS).chain(&ASYNC_RUNTIMES).chain(&walls) {
        assert!(!reached.contains(*forbidden), "keyfold-vault reaches {forbidden}");
    }
}

#[test]
fn nothing_else_lies_at_the_top() {
    let tracked = tracked();
    let top: BTreeSet<&str> = tracked.iter().map(|path| path.split('/').next().unwrap()).collect();
    let named = ["Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];
    let folders = ["crates", "deploy", "migrations", "proto", "tests"];
    let other: Vec<_> =
        top.iter().filter(|name| !name.starts_with('.') && !named.contains(name) && !folders.contains(name)).collect();
    assert!(other.is_empty(), "at the top there is also {other:?}");
    assert!(named.iter().chain(&folders).all(|name| top.contains(name)), "at the top there is only {top:?}");
}

#[test]
fn every_folder_says_what_lives_there_on_a_page() {
    let crates = fs::read_dir(top().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    for folder in crates.chain(["deploy", "migrations", "proto", "tests"].map(|name| top().join(name))) {
        let path = folder.join("README.md");
        let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
        let longer = ["deploy", "proto", "tests"].iter().any(|name| folder.ends_with(name));
        assert!(longer || text.lines().count() <= 60, "{} is longer than a page", path.display());
        assert!(text.to_lowercase().contains("never") || longer, "{} does not say what not", path.display());
    }
    assert!(fs::read_to_string(top().join("README.md")).unwrap().lines().count() < 100);
}

/// An authenticator imports nothing of evidence, nor the other way: relying parties take no authenticator along.
#[test]
fn a_model_has_one_aaguid() {
    let evidence = keyfold_evidence::Class::Synced.aaguid();
    assert_eq!(evidence.0, *keyfold_authenticator::Aaguid::SYNCED.as_bytes());
    assert_eq!(evidence.to_string(), keyfold_authenticator::Aaguid::SYNCED.to_string());
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What belongs to the project, not what a build left.
fn tracked() -> Vec<String> {
    let listed = Command::new("git").arg("ls-files").current_dir(top()).output().unwrap();
    let listed: Vec<String> = String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect();
    assert!(!listed.is_empty(), "git lists no file");
    listed
}

struct House(Metadata);

impl House {
    fn measure() -> Self {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        Self(MetadataCommand::new().manifest_path(manifest).other_options(["--locked".into()]).exec().unwrap())
    }

    fn packages(&self) -> BTreeSet<String> {
        self.0.workspace_packages().iter().map(|package| package.name.to_string()).collect()
    }

    /// The packages that `package` imports itself, not for its tests or its build.
    fn direct(&self, package: &str) -> BTreeSet<String> {
        let package = self.0.workspace_packages().into_iter().find(|found| found.name.as_str() == package).unwrap();
        let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        normal.map(|dependency| dependency.name.clone()).collect()
    }

    /// The packages that `package` is linked with.
    fn reached(&self, package: &str) -> BTreeSet<String> {
        let graph = self.0.resolve.as_ref().unwrap();
        let mut open: Vec<&PackageId> =
            self.0.packages.iter().filter(|found| found.name.as_str() == package).map(|found| &found.id).collect();
        let mut reached = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !reached.insert(id) {
                continue;
            }
            let node = graph.nodes.iter().find(|node| node.id == *id).unwrap();
            let linked = node.deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal && kind.target.is_none())
            });
            open.extend(linked.map(|dependency| &dependency.pkg));
        }
        reached.into_iter().map(|id| self.0[id].name.to_string()).collect()
    }

    fn only_import(&self, what: &[&str], who: &[&str]) {
        for package in self.packages() {
            let imports = self.direct(&package);
            let forbidden = what.iter().find(|name| imports.contains(**name));
            assert!(who.contains(&package.as_str()) || forbidden.is_none(), "{package} imports {forbidden:?}");
        }
    }
}
