use std::path::Path;

use data_encoding::BASE32_NOPAD;
use keyfold_client::{Chain, ForkProof, SigningAlgorithm, VerifyingKey};
use serde::Serialize;

use crate::{
    app::App,
    exit::Exit,
    failure::Failure,
    terminal::{read_large_file, write_whole},
};

#[derive(Serialize)]
struct Written {
    file: String,
    bytes: usize,
}

#[derive(Serialize)]
struct Proved {
    account: String,
    /// Which of the two histories: the roster of devices, or the vault's commits.
    chain: &'static str,
    log_key: String,
    earlier: Position,
    later: Position,
    /// What stands at the earlier position in the history of the later one.
    other_head: String,
}

#[derive(Serialize)]
struct Position {
    seq: u64,
    head: String,
}

/// Writes the proof that this profile keeps.
pub(crate) async fn write(app: &App, file: &Path) -> Result<(), Failure> {
    let proof = app.storage().await?.proof().await?;
    let none =
        || Failure::new(Exit::NotFound, "this device keeps no proof: no fork was found, or the server said no more");
    let proof = proof.ok_or_else(none)?;
    let written = Written { file: file.display().to_string(), bytes: proof.len() };
    write_whole(file, proof).await?;
    app.out.result(&written, |written| {
        format!(
            "Written to {}. Whoever has the server's log key (`keyfold status --json` shows it) can check it with `keyfold \
             verify-proof`. It holds signed entries or commits: times and ids, and no passkey.",
            written.file
        )
    })
}

/// Checks a proof against a log key: the given one, or this profile's.
pub(crate) async fn verify(app: &App, file: &Path, log_key: Option<&str>) -> Result<(), Failure> {
    let log_key = match log_key {
        Some(text) => BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).map_err(|_| bad_key())?,
        None => app.local().await?.status().await?.log_key,
    };
    let key = VerifyingKey::new(SigningAlgorithm::Ed25519, &log_key).map_err(|_| bad_key())?;
    let proof = ForkProof::verify(&key, &read_large_file(file, ForkProof::MAX_LEN)?);
    let proof = proof.map_err(|error| Failure::new(Exit::NotAllowed, format!("it proves nothing: {error}")))?;
    let position =
        |receipt: &keyfold_client::Receipt| Position { seq: receipt.seq, head: base32(receipt.head.as_bytes()) };
    let proved = Proved {
        account: proof.earlier().account.to_string(),
        chain: match proof.earlier().chain {
            Chain::Roster => "roster",
            Chain::Vault => "vault",
        },
        log_key: base32(&log_key),
        earlier: position(proof.earlier()),
        later: position(proof.later()),
        other_head: base32(proof.other().as_bytes()),
    };
    app.out.result(&proved, Proved::text)
}

pub(super) fn base32(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}

fn bad_key() -> Failure {
    Failure::new(Exit::Malformed, "a log key is 32 bytes in base32, 52 characters, as `keyfold status --json` shows it")
}

impl Proved {
    fn text(&self) -> String {
        let what = if self.chain == "roster" { "the list of the account's devices" } else { "the account's passkeys" };
        format!(
            "It is proved: whoever holds the server's log key {} has signed two histories of account {}.\n\
             In the history of {what} it signed, at position {}, head\n  {}\nand a later head, at position {}, whose history has \
             there\n  {}\n\
             A server that works as it should never does that. Either it was restored from a backup without being told so, or it \
             shows different devices different things, or somebody has its key.\n\
             What to do: write nothing more to it. Compare `keyfold safety-number` on all of your devices: those with equal digits \
             were shown the same. Ask its operator, who can check this proof too. Your passkeys still work on each device; to go on, \
             enrol your devices anew, on a server that you trust.",
            self.log_key, self.account, self.earlier.seq, self.earlier.head, self.later.seq, self.other_head
        )
    }
}
