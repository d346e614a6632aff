//! Prints a profile's first passkey with its private key, as JSON: what the server must never have, so that the story of
//! the quickstart can search for it. A program of the tests, never installed.
//!
//!     reveal PROFILE_FOLDER PASSPHRASE_FILE

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a program of the tests")]

use std::{env, fs, path::Path, sync::Arc};

use data_encoding::BASE64URL_NOPAD;
use keyfold_client::{SystemClock, device::Passphrase, storage::SqliteStorage, vault::LocalVault};

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, passphrase] = arguments.as_slice() else { panic!("reveal PROFILE_FOLDER PASSPHRASE_FILE") };
    let passphrase = fs::read_to_string(passphrase).unwrap().trim_end_matches('\n').to_owned();

    let storage = SqliteStorage::open(Path::new(folder)).await.unwrap();
    let vault = LocalVault::open(Arc::new(storage), Arc::new(SystemClock)).await.unwrap();
    let vault = vault.unlock(&Passphrase::typed(passphrase.into())).await.unwrap();
    let contents = vault.contents().await.unwrap();
    let passkey = contents.items.first().unwrap().item.passkey().unwrap();
    let revealed = serde_json::json!({
        "credential_id": BASE64URL_NOPAD.encode(&passkey.credential_id),
        "private_key": BASE64URL_NOPAD.encode(&passkey.secrets().unwrap().private_key),
    });
    println!("{revealed}");
}
