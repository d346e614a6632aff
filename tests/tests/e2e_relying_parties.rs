//! The crate `webauthn-rs` judges what both devices make, and so does PyPI `webauthn` where a device lies about its user.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use data_encoding::BASE64URL_NOPAD;
use keyfold_tests::{Backup, Device, RustShop, Server, Shop};
use serde_json::Value;

#[test]
fn both_devices_are_accepted_and_the_backup_state_is_told_as_it_is() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let mut shop = RustShop::new("shop.example");
    let options = shop.registration_options("ana@shop.example");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    let registered = shop.register(&made(&a, &shop, &options));
    assert_eq!(registered, Backup { eligible: true, state: false }, "nobody else can restore it yet");
    assert!(!signs_in(&a, &mut shop));

    let b = Device::enrolled_with_key(&server, "TPM phone", &a, "es256");
    assert!(signs_in(&b, &mut shop));
    assert!(signs_in(&a, &mut shop));
}

#[test]
fn a_passkey_of_the_second_device_is_backed_up_once_it_is_sent() {
    let mut server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::enrolled(&server, "Ana's phone", &a);
    let mut shop = RustShop::new("shop.example");
    server.kill();
    let options = shop.registration_options("ana@shop.example");
    shop.register(&made(&b, &shop, &options));
    assert!(!signs_in(&b, &mut shop), "it is on this device alone");

    server.restart();
    b.ok(&["sync"]);
    assert!(signs_in(&b, &mut shop));
    a.ok(&["sync"]);
    assert!(signs_in(&a, &mut shop));
}

#[test]
fn a_device_finds_its_passkey_without_being_told_which() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let mut shop = RustShop::new("shop.example");
    let options = shop.registration_options("ana@shop.example");
    shop.register(&made(&a, &shop, &options));
    let mut options = shop.sign_in_options();
    options["allowCredentials"] = Value::Array(Vec::new());
    assert!(shop.judge_sign_in(&signed(&a, &shop, &options)).is_some());
}

#[test]
fn an_assertion_of_either_device_with_any_byte_changed_is_refused() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let mut shop = RustShop::new("shop.example");
    let options = shop.registration_options("ana@shop.example");
    shop.register(&made(&a, &shop, &options));
    let b = Device::enrolled(&server, "Ana's phone", &a);
    for device in [&a, &b] {
        let options = shop.sign_in_options();
        let assertion = signed(device, &shop, &options);
        for member in ["/response/authenticatorData", "/response/clientDataJSON", "/response/signature", "/rawId"] {
            for place in 0..bytes(&assertion, member).len() {
                let refused = shop.judge_sign_in(&with_byte_changed(&assertion, member, place)).is_none();
                assert!(refused, "{member} {place}");
            }
        }
        assert!(shop.judge_sign_in(&assertion).is_some());
    }
}

#[test]
fn a_registration_with_a_byte_changed_that_anything_protects_is_refused() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let mut shop = RustShop::new("shop.example");
    let options = shop.registration_options("ana@shop.example");
    let registration = made(&a, &shop, &options);
    // Nobody signs an attestation of format "none": the hash of the RP id, the flags and the key are what can be checked.
    let object = bytes(&registration, OBJECT);
    let start = object.len() - bytes(&registration, "/response/authenticatorData").len();
    // The last byte of the key: -3, a byte string of 32 bytes. Extensions follow it.
    let key = object.windows(3).rposition(|window| window == [0x22, 0x58, 0x20]).unwrap() + 34;
    let places = (start..=start + 32).chain([key]);
    let changed = places.map(|place| with_byte_changed(&registration, OBJECT, place));
    let type_and_challenge =
        0..bytes(&registration, CLIENT_DATA).windows(8).position(|at| at == b"\"origin\"").unwrap();
    let client_data = type_and_challenge.map(|place| with_byte_changed(&registration, CLIENT_DATA, place));
    for changed in changed.chain(client_data) {
        assert_eq!(shop.judge_registration(&changed), None);
    }
    assert!(shop.judge_registration(&registration).is_some());
}

#[test]
fn a_response_is_good_for_its_own_challenge_and_origin_alone() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let (mut shop, other) = (RustShop::new("shop.example"), "https://login.shop.example");
    let options = shop.registration_options("ana@shop.example");
    let elsewhere = a.ok_with(&["webauthn", "create", "--origin", other, "--yes"], &options.to_string());
    assert_eq!(shop.judge_registration(&elsewhere), None);
    shop.register(&made(&a, &shop, &options));

    let first = shop.sign_in_options();
    let assertion = signed(&a, &shop, &first);
    assert!(shop.judge_sign_in(&assertion).is_some());
    shop.sign_in_options();
    assert!(shop.judge_sign_in(&assertion).is_none(), "a challenge that is over");
}

#[test]
fn without_user_verification_both_libraries_refuse() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let mut shop = RustShop::new("shop.example");
    let options = shop.registration_options("ana@shop.example");
    let honest = made(&a, &shop, &options);
    assert_eq!(shop.judge_registration(&unverified(&honest)), None);
    assert!(shop.judge_registration(&honest).is_some());

    let python = Shop::new("bank.example");
    let options = python.registration_options("ana@bank.example");
    let honest: Value = serde_json::from_str(&a.make_passkey(&python.origin(), &options)).unwrap();
    let refused = python.judge_registration(&unverified(&honest).to_string());
    assert!(!refused.accepted() && refused.reason().to_lowercase().contains("verif"), "{}", refused.reason());
    assert!(python.judge_registration(&honest.to_string()).accepted());
}

fn made(device: &Device, shop: &RustShop, options: &Value) -> Value {
    serde_json::from_str(&device.make_passkey(shop.origin(), &options.to_string())).unwrap()
}

fn signed(device: &Device, shop: &RustShop, options: &Value) -> Value {
    serde_json::from_str(&device.sign_in(shop.origin(), &options.to_string())).unwrap()
}

/// Signs in; panics unless the library accepts it with the user verified, BE set and no counter; gives BS.
#[track_caller]
fn signs_in(device: &Device, shop: &mut RustShop) -> bool {
    let options = shop.sign_in_options();
    assert_eq!(options["userVerification"], "required");
    let result = shop.judge_sign_in(&signed(device, shop, &options)).expect("refused");
    assert!(result.user_verified() && result.backup_eligible());
    assert_eq!(result.counter(), 0);
    result.backup_state()
}

/// The registration with the flag cleared that says that the user was verified.
fn unverified(registration: &Value) -> Value {
    let object = bytes(registration, OBJECT);
    let flags = object.len() - bytes(registration, "/response/authenticatorData").len() + 32;
    assert_ne!(object[flags] & UV, 0);
    with_bits_changed(registration, OBJECT, flags, UV)
}

fn with_byte_changed(response: &Value, member: &str, place: usize) -> Value {
    with_bits_changed(response, member, place, 1)
}

fn with_bits_changed(response: &Value, member: &str, place: usize, bits: u8) -> Value {
    let mut changed = bytes(response, member);
    changed[place] ^= bits;
    let mut response = response.clone();
    *response.pointer_mut(member).unwrap() = BASE64URL_NOPAD.encode(&changed).into();
    response
}

fn bytes(response: &Value, member: &str) -> Vec<u8> {
    BASE64URL_NOPAD.decode(response.pointer(member).unwrap().as_str().unwrap().as_bytes()).unwrap()
}

const OBJECT: &str = "/response/attestationObject";
const CLIENT_DATA: &str = "/response/clientDataJSON";
const UV: u8 = 0x04;
