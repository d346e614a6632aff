//! The main job: a passkey made on one device signs in from another, at relying parties that others wrote.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use data_encoding::BASE64URL_NOPAD;
use keyfold_tests::{Device, Server, Shop};
use serde_json::Value;

#[test]
fn a_passkey_made_on_one_device_signs_in_from_another() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");

    let made = a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    let registered = shop.judge_registration(&made);
    assert!(!registered.backed_up(), "nobody else can restore it yet");
    assert_eq!(registered.field("format"), "none");
    assert!(!shop.judge_sign_in(&a.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());

    let b = Device::enrolled(&server, "Ana's phone", &a);
    assert!(shop.judge_sign_in(&b.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
    assert!(shop.judge_sign_in(&a.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
    assert_eq!(a.ok(&["safety-number"]), b.ok(&["safety-number"]));
}

#[test]
fn an_es256_device_key_and_an_eddsa_passkey_do_the_same() {
    let server = Server::start();
    let a = Device::founded_with_key(&server, "TPM laptop", "es256");
    let b = Device::enrolled_with_key(&server, "TPM phone", &a, "es256");
    let shop = Shop::that_wants_eddsa("bank.example");

    let made = b.make_passkey(&shop.origin(), &shop.registration_options("ana@bank.example"));
    shop.judge_registration(&made).backed_up();
    a.ok(&["sync"]);
    assert!(shop.judge_sign_in(&a.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
    assert!(shop.judge_sign_in(&b.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
}

#[test]
fn one_changed_byte_is_refused() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    let made = a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    for field in ["attestationObject", "clientDataJSON"] {
        let verdict = shop.judge_registration(&changed(&made, field));
        assert!(!verdict.accepted(), "a changed {field} was accepted");
    }
    shop.judge_registration(&made).backed_up();

    let options = shop.sign_in_options();
    let signed = a.sign_in(&shop.origin(), &options);
    for field in ["authenticatorData", "clientDataJSON", "signature"] {
        let verdict = shop.judge_sign_in(&changed(&signed, field));
        assert!(!verdict.accepted(), "a changed {field} was accepted");
    }
    shop.judge_sign_in(&signed).backed_up();
}

/// The response with one bit of a field changed: in an attestation object inside the RP id hash, which nothing but the
/// relying party's own comparison protects where attestation is `none`; elsewhere in the middle.
fn changed(response: &str, field: &str) -> String {
    let mut response: Value = serde_json::from_str(response).unwrap();
    let text = response["response"][field].as_str().unwrap();
    let mut bytes = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let place = if field == "attestationObject" { 40 } else { bytes.len() / 2 };
    bytes[place] ^= 1;
    response["response"][field] = BASE64URL_NOPAD.encode(&bytes).into();
    response.to_string()
}
