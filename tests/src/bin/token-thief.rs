//! Tries to take the private keys out of a token (PKCS#11), by its PIN, in each way that there is, and prints, as JSON, in which it
//! got each; or, without the PIN, disorders what may be written without it. A process of its own: what a module goes by is in the
//! environment.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and tells a test"
)]

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};
use serde_json::{Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["take", module, label, pin] => in_token(module, label, |session| take(session, pin)),
        ["disorder", module, label] => in_token(module, label, disorder),
        _ => panic!("token-thief take MODULE LABEL PIN, or token-thief disorder MODULE LABEL"),
    }
}

fn in_token(module: &str, label: &str, does: impl FnOnce(&Session)) {
    let library = Pkcs11::new(module).unwrap();
    library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slots = library.get_slots_with_initialized_token().unwrap();
    let is_named = |slot: &Slot| library.get_token_info(*slot).unwrap().label() == label;
    let session = library.open_rw_session(slots.into_iter().find(is_named).unwrap()).unwrap();
    does(&session);
    session.close().unwrap();
    library.finalize().unwrap();
}

fn take(session: &Session, pin: &str) {
    let without_pin = private_keys(session).len();
    session.login(UserType::User, Some(&AuthPin::from(pin))).unwrap();
    let taken: Vec<Value> = private_keys(session).iter().map(|key| json!(ways(session, *key))).collect();
    // A key that is not guarded is had in every way, or this thief would find none anywhere.
    let unguarded = json!(ways(session, unguarded(session)));
    println!("{}", json!({ "without_pin": without_pin, "taken": taken, "unguarded": unguarded }));
}

/// Gives each of two certificates the other's id.
fn disorder(session: &Session) {
    let found = session.find_objects(&[Attribute::Class(ObjectClass::CERTIFICATE)]).unwrap();
    let [one, other] = found.try_into().unwrap();
    let id = |object| session.get_attributes(object, &[AttributeType::Id]).unwrap();
    let (of_one, of_other) = (id(one), id(other));
    session.update_attributes(one, &of_other).unwrap();
    session.update_attributes(other, &of_one).unwrap();
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
