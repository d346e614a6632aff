//! `proto/vectors/*.json`: every step of the protocol with fixed randomness, made by this project's code and compared
//! to the files byte for byte. `proto/check_vectors.py` derives the same by other means.
//!
//! `KEYFOLD_WRITE_VECTORS=1 cargo test -p keyfold-ledger --test vectors` writes them anew.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod chains;
mod fixed;
mod items;
mod json;
mod keys;
mod sessions;
mod story;

use std::path::{Path, PathBuf};

use json::Json;
use story::Story;

#[test]
fn the_vectors_are_what_this_code_makes() {
    let story = Story::tell();
    let vectors: [(&str, Json); 19] = [
        ("device-id", keys::device_id(&story)),
        ("genesis", chains::genesis(&story)),
        ("first-rotation", chains::first_rotation(&story)),
        ("epoch-commitment", keys::epoch_commitment(&story)),
        ("sealed-key", keys::sealed_key(&story)),
        ("epoch-link", keys::epoch_link(&story)),
        ("enrolment", sessions::enrolment(&story)),
        ("add-device", chains::add_device(&story)),
        ("item-envelope", items::envelope(&story)),
        ("commit", items::commit(&story)),
        ("set-hash", items::set_hash(&story)),
        ("recovery-keys", keys::recovery_keys(&story)),
        ("remove", chains::remove(&story)),
        ("receipt", chains::receipt(&story)),
        ("safety-number", chains::safety_number(&story)),
        ("session", sessions::session(&story)),
        ("request-signature", sessions::request_signature(&story)),
        ("sealed-secrets", sessions::sealed_secrets(&story)),
        ("keyring-secrets", sessions::keyring_secrets(&story)),
    ];
    if std::env::var_os("KEYFOLD_WRITE_VECTORS").is_some() {
        for (name, vector) in &vectors {
            std::fs::write(path(name), vector.to_string()).expect("proto/vectors can be written");
        }
    }
    for (name, vector) in &vectors {
        let stored = std::fs::read_to_string(path(name)).expect("the vector is there");
        assert!(stored == vector.to_string(), "proto/vectors/{name}.json is not what this code makes");
    }
    let files = std::fs::read_dir(folder()).expect("proto/vectors is there").count();
    assert_eq!(files, vectors.len(), "a file in proto/vectors that nothing makes");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/vectors")
}

fn path(name: &str) -> PathBuf {
    folder().join(name).with_extension("json")
}
