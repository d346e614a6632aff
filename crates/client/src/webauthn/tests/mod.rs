//! Ceremonies as a relying party and a user live them.

mod ceremonies;
mod prf;
mod refusals;
mod relying_party_library;

use std::sync::atomic::{AtomicU64, Ordering};

use getrandom::SysRng;
use keyfold_authenticator::{Answer, Authenticator, BackupState, CredentialStore, MemoryStore, Model, Prompt};
use rand_core::UnwrapErr;
use serde_json::{Value, json};

use super::*;
use crate::Clock;

type Device = Authenticator<MemoryStore, UnwrapErr<SysRng>>;

/// A clock that moves only when told to: Unix milliseconds.
#[derive(Default)]
struct StoppedClock(AtomicU64);

impl StoppedClock {
    fn advance(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A device with an empty vault.
fn device() -> Device {
    device_with(MemoryStore::default())
}

fn device_with(store: MemoryStore) -> Device {
    Authenticator::new(Model::SYNCED, store, UnwrapErr(SysRng))
}

/// Another device that has got every passkey of the first.
fn synced(from: &Device) -> Device {
    let mut store = MemoryStore::reporting(BackupState::BackedUp);
    for passkey in from.store().passkeys() {
        store.save(passkey, None, &[]).unwrap();
    }
    device_with(store)
}

fn verified(_: &Prompt<'_>) -> Answer {
    Answer::Verified { account: 0 }
}

fn create_as(
    device: &mut Device,
    origin: &str,
    user: &mut dyn FnMut(&Prompt<'_>) -> Answer,
    options: &Value,
) -> Result<Value, CreateError> {
    let ceremony = Ceremony {
        page: &Page::top(Origin::parse(origin).unwrap()),
        authenticator: device,
        user: &mut |prompt: &Prompt<'_>| user(prompt),
        clock: &StoppedClock::default(),
    };
    create(ceremony, &options.to_string()).map(|response| serde_json::to_value(response).unwrap())
}

fn get_as(
    device: &mut Device,
    origin: &str,
    user: &mut dyn FnMut(&Prompt<'_>) -> Answer,
    options: &Value,
) -> Result<Value, GetError> {
    let ceremony = Ceremony {
        page: &Page::top(Origin::parse(origin).unwrap()),
        authenticator: device,
        user: &mut |prompt: &Prompt<'_>| user(prompt),
        clock: &StoppedClock::default(),
    };
    get(ceremony, &options.to_string()).map(|response| serde_json::to_value(response).unwrap())
}

fn register(device: &mut Device, options: &Value) -> Value {
    create_as(device, "https://example.org", &mut verified, options).unwrap()
}

fn sign_in(device: &mut Device, options: &Value) -> Value {
    get_as(device, "https://example.org", &mut verified, options).unwrap()
}

fn creation_options() -> Value {
    json!({
        "rp": {"id": "example.org", "name": "Example"},
        "user": {"id": "AQID", "name": "alice@example.org", "displayName": "Alice"},
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    })
}

fn request_options() -> Value {
    json!({"rpId": "example.org", "challenge": "EBESExQVFhcYGRobHB0eHw"})
}

/// The options with one member, named by a JSON pointer, set.
fn with(mut options: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    options.pointer_mut(parent).unwrap()[member] = value;
    options
}

fn without(mut options: Value, pointer: &str) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    options.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member).unwrap();
    options
}

/// A member in base64url, decoded.
fn bytes(response: &Value, pointer: &str) -> Vec<u8> {
    let text = response.pointer(pointer).unwrap().as_str().unwrap();
    data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
}
