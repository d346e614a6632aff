//! Tries to take the private keys out of a token (PKCS#11), by its PIN, in each way that there is. A process of its own: what a
//! module goes by is in the environment. Prints, as JSON, how many keys it saw and in which ways it got them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{Write, stdout};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    types::AuthPin,
};
use serde_json::{Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, label, pin] = arguments.as_slice() else { panic!("token-thief MODULE LABEL PIN") };
    let library = Pkcs11::new(module).unwrap();
    library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slots = library.get_slots_with_initialized_token().unwrap();
    let is_named = |slot: &cryptoki::slot::Slot| library.get_token_info(*slot).unwrap().label() == label;
    let slot = slots.into_iter().find(is_named).unwrap();
    let session = library.open_rw_session(slot).unwrap();
    let without_pin = private_keys(&session).len();
    session.login(UserType::User, Some(&AuthPin::from(pin.as_str()))).unwrap();
    let keys = private_keys(&session);
    let taken: Vec<Value> = keys.iter().map(|key| json!(ways(&session, *key))).collect();
    // A key that is not guarded is had in every way, or this thief would find none anywhere.
    let unguarded = json!(ways(&session, unguarded(&session)));
    session.close().unwrap();
    library.finalize().unwrap();
    writeln!(stdout(), "{}", json!({ "without_pin": without_pin, "taken": taken, "unguarded": unguarded })).unwrap();
}

fn private_keys(session: &Session) -> Vec<ObjectHandle> {
    session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true)]).unwrap()
}

/// In which ways a key is had.
fn ways(session: &Session, key: ObjectHandle) -> Vec<&'static str> {
    let reads = |key| {
        let told = session.get_attributes(key, &[AttributeType::Value]).unwrap_or_default();
        told.iter().any(|attribute| matches!(attribute, Attribute::Value(value) if !value.is_empty()))
    };
    let mut ways = Vec::new();
    if reads(key) {
        ways.push("read");
    }
    let copied = session.copy_object(key, &[Attribute::Token(false), Attribute::Sensitive(false)]);
    if copied.is_ok_and(reads) {
        ways.push("copied");
    }
    let wrapping = [Attribute::Token(false), Attribute::Wrap(true), Attribute::ValueLen(32.into())];
    let wrapping = session.generate_key(&Mechanism::AesKeyGen, &wrapping).unwrap();
    if session.wrap_key(&Mechanism::AesKeyWrapPad, wrapping, key).is_ok() {
        ways.push("wrapped");
    }
    let laid_open = session.update_attributes(key, &[Attribute::Sensitive(false), Attribute::Extractable(true)]);
    if laid_open.is_ok() && reads(key) {
        ways.push("laid open");
    }
    ways
}

fn unguarded(session: &Session) -> ObjectHandle {
    let public = [Attribute::Token(false), Attribute::EcParams(P256.to_vec())];
    let private = [Attribute::Token(false), Attribute::Sensitive(false), Attribute::Extractable(true)];
    session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private).unwrap().1
}

const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
