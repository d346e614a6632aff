use ciborium::Value;
use proptest::prelude::*;

use crate::cbor::{Fields, bytes, integer_map, text_map};
use crate::testing::*;
use crate::*;

#[test]
fn a_passkey_is_made_and_used_over_the_wire() {
    let mut authenticator = authenticator();
    let answer = call(&mut authenticator, 0x01, make_credential());
    assert_eq!(answer[0], 0x00);
    let mut made = Fields::of(cbor::decode(&answer[1..]).unwrap()).unwrap();
    assert_eq!(made.required(1), Ok(Value::from("packed")));
    let mut statement = Fields::of(made.required(3).unwrap()).unwrap();
    assert_eq!(statement.required("alg"), Ok(Value::from(-7)));
    let attested = bytes(statement.required("sig").unwrap()).unwrap();
    let data = bytes(made.required(2).unwrap()).unwrap();
    assert_eq!(data[32], 0x4d);
    let credential_id = data[55..87].to_vec();
    let key = authenticator.store().passkeys()[0].private_key.public_key().to_point();
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_ASN1, key);
    key.verify(&[data.as_slice(), &[3; 32]].concat(), &attested).unwrap();

    let answer = call(&mut authenticator, 0x02, get_assertion());
    assert_eq!(answer[0], 0x00);
    let mut assertion = Fields::of(cbor::decode(&answer[1..]).unwrap()).unwrap();
    let credential = text_map([("id", Value::from(credential_id)), ("type", Value::from("public-key"))]);
    assert_eq!(assertion.required(1), Ok(credential));
    let data = bytes(assertion.required(2).unwrap()).unwrap();
    let signature = bytes(assertion.required(3).unwrap()).unwrap();
    let user =
        text_map([("id", Value::from(vec![1])), ("name", Value::from("alice")), ("displayName", Value::from("ALICE"))]);
    assert_eq!(assertion.required(4), Ok(user));
    assert_eq!(assertion.optional(6), None);
    key.verify(&[data.as_slice(), &[3; 32]].concat(), &signature).unwrap();
}

#[test]
fn who_wants_no_attestation_gets_none() {
    for (formats, given) in [(vec!["none"], "none"), (vec!["tpm", "none", "packed"], "none"), (vec!["tpm"], "packed")] {
        let formats = Value::Array(formats.into_iter().map(Value::from).collect());
        let answer = call(&mut authenticator(), 0x01, with(make_credential(), 11, formats));
        let mut made = Fields::of(cbor::decode(&answer[1..]).unwrap()).unwrap();
        assert_eq!(made.required(1), Ok(Value::from(given)));
        assert_eq!(made.required(3).unwrap().as_map().unwrap().is_empty(), given == "none");
    }
}

#[test]
fn a_choice_between_accounts_is_told() {
    let mut authenticator = authenticator();
    let second = text_map([("id", Value::from(vec![2]))]);
    call(&mut authenticator, 0x01, make_credential());
    call(&mut authenticator, 0x01, with(make_credential(), 3, second));
    let answer = call(&mut authenticator, 0x02, get_assertion());
    let mut assertion = Fields::of(cbor::decode(&answer[1..]).unwrap()).unwrap();
    assert_eq!(assertion.required(6), Ok(Value::from(true)));
}

#[test]
fn hmac_secret_travels_encrypted_and_depends_on_verification() {
    let mut authenticator = authenticator();
    let wanted = text_map([("hmac-secret", Value::from(true))]);
    let answer = call(&mut authenticator, 0x01, with(make_credential(), 6, wanted));
    let mut made = Fields::of(cbor::decode(&answer[1..]).unwrap()).unwrap();
    let data = bytes(made.required(2).unwrap()).unwrap();
    assert_eq!(data[32], 0xcd);
    assert_eq!(data[data.len() - 14..], *b"\xa1\x6bhmac-secret\xf5");

    let platform = KeyAgreement::generate(&mut Script::endless());
    let passkey = authenticator.store().passkeys()[0].clone();
    for (number, protocol) in [(1, PinProtocol::One), (2, PinProtocol::Two)] {
        for (uv, key) in [(true, &passkey.cred_random_with_uv), (false, &passkey.cred_random_without_uv)] {
            let secret = platform.agree(protocol, authenticator.key_agreement().public_key()).unwrap();
            let salt_enc = secret.encrypt(&[7; 32], &mut Script::endless()).unwrap();
            let input = integer_map([
                (1, platform.public_key()),
                (2, Value::from(salt_enc.clone())),
                (3, Value::from(secret.authenticate(&salt_enc))),
                (4, Value::from(number)),
            ]);
            let request = with(get_assertion(), 4, text_map([("hmac-secret", input)]));
            let request = with(request, 5, text_map([("uv", Value::from(uv))]));
            let mut user = if uv { verified } else { present };
            let answer = call_as(&mut authenticator, 0x02, request, &mut user);
            let mut assertion = Fields::of(cbor::decode(&answer[1..]).unwrap()).unwrap();
            let data = bytes(assertion.required(2).unwrap()).unwrap();
            let mut extensions = Fields::of(cbor::decode(&data[37..]).unwrap()).unwrap();
            let sealed = bytes(extensions.required("hmac-secret").unwrap()).unwrap();
            assert_eq!(*secret.decrypt(&sealed).unwrap(), *key.evaluate(&[7; 32]));
        }
    }
}

#[test]
fn each_fault_of_make_credential_has_its_status() {
    let descriptor = |id: Value, kind: &str| text_map([("id", id), ("type", Value::from(kind))]);
    let algorithm = |id: Value, kind: &str| text_map([("alg", id), ("type", Value::from(kind))]);
    let option = |name: &str, value: bool| text_map([(name, Value::from(value))]);
    let faults = [
        (without(make_credential(), 1), CtapError::MissingParameter),
        (without(make_credential(), 2), CtapError::MissingParameter),
        (without(make_credential(), 3), CtapError::MissingParameter),
        (without(make_credential(), 4), CtapError::MissingParameter),
        (with(make_credential(), 1, Value::from(vec![3; 31])), CtapError::InvalidLength),
        (with(make_credential(), 1, Value::from("hash")), CtapError::UnexpectedType),
        (with(make_credential(), 2, Value::from("example.org")), CtapError::UnexpectedType),
        (with(make_credential(), 2, text_map([])), CtapError::MissingParameter),
        (with(make_credential(), 2, text_map([("id", Value::from(""))])), CtapError::InvalidParameter),
        (with(make_credential(), 3, text_map([])), CtapError::MissingParameter),
        (with(make_credential(), 3, text_map([("id", Value::Bytes(Vec::new()))])), CtapError::InvalidLength),
        (with(make_credential(), 3, text_map([("id", Value::from(vec![0; 65]))])), CtapError::InvalidLength),
        (with(make_credential(), 4, Value::Array(vec![Value::from(-7)])), CtapError::UnexpectedType),
        (with(make_credential(), 4, Value::Array(vec![text_map([])])), CtapError::MissingParameter),
        (with(make_credential(), 4, Value::Array(vec![])), CtapError::UnsupportedAlgorithm),
        (
            with(make_credential(), 4, Value::Array(vec![algorithm((-257).into(), "public-key")])),
            CtapError::UnsupportedAlgorithm,
        ),
        (
            with(make_credential(), 4, Value::Array(vec![algorithm((-7).into(), "other")])),
            CtapError::UnsupportedAlgorithm,
        ),
        (with(make_credential(), 5, Value::Array(vec![text_map([])])), CtapError::MissingParameter),
        (with(make_credential(), 5, Value::Array(vec![descriptor(1.into(), "public-key")])), CtapError::UnexpectedType),
        (with(make_credential(), 6, text_map([("hmac-secret", Value::from(1))])), CtapError::UnexpectedType),
        (with(make_credential(), 7, option("up", false)), CtapError::InvalidOption),
        (with(make_credential(), 7, text_map([("uv", Value::from(1))])), CtapError::UnexpectedType),
        (with(make_credential(), 8, Value::from(vec![0; 32])), CtapError::MissingParameter),
        (with(with(make_credential(), 8, Value::from(vec![0; 32])), 9, 3.into()), CtapError::InvalidParameter),
        (with(with(make_credential(), 8, Value::from(vec![0; 32])), 9, 2.into()), CtapError::PinAuthInvalid),
        (with(make_credential(), 10, 1.into()), CtapError::InvalidParameter),
        (with(make_credential(), 6, text_map([("largeBlobKey", Value::from(false))])), CtapError::InvalidOption),
        (with(make_credential(), 6, text_map([("credProtect", Value::from(4))])), CtapError::InvalidOption),
        (Value::from(1), CtapError::UnexpectedType),
    ];
    for (request, error) in faults {
        let mut authenticator = authenticator();
        let answer = call_as(&mut authenticator, 0x01, request.clone(), &mut nobody_is_asked);
        assert_eq!(answer, [error.code()], "{error:?} for {request:?}");
        assert!(authenticator.store().passkeys().is_empty());
    }
    for allowed in [option("rk", false), option("up", true), option("new", true)] {
        let request = with(make_credential(), 7, allowed);
        assert_eq!(call(&mut authenticator(), 0x01, request)[0], 0x00);
    }
}

#[test]
fn each_fault_of_get_assertion_has_its_status() {
    let input = |entries: Vec<(i64, Value)>| {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
        text_map([("hmac-secret", Value::Map(entries))])
    };
    let platform = KeyAgreement::generate(&mut Script::endless()).public_key();
    let whole = vec![(1, platform), (2, vec![0; 32].into()), (3, vec![0; 16].into())];
    let with_protocol = [whole.clone(), vec![(4, 3.into())]].concat();
    let bad_key = vec![(1, text_map([])), (2, vec![0; 32].into()), (3, vec![0; 16].into())];
    let up_false = text_map([("up", Value::from(false))]);
    let faults = [
        (without(get_assertion(), 1), CtapError::MissingParameter),
        (without(get_assertion(), 2), CtapError::MissingParameter),
        (with(get_assertion(), 1, Value::from(1)), CtapError::UnexpectedType),
        (with(get_assertion(), 2, Value::from(vec![0; 33])), CtapError::InvalidLength),
        (with(get_assertion(), 3, Value::from(1)), CtapError::UnexpectedType),
        (with(get_assertion(), 4, text_map([("hmac-secret", Value::from(true))])), CtapError::UnexpectedType),
        (with(get_assertion(), 4, input(vec![])), CtapError::MissingParameter),
        (with(get_assertion(), 4, input(with_protocol)), CtapError::InvalidParameter),
        (with(get_assertion(), 4, input(bad_key)), CtapError::InvalidParameter),
        (with(get_assertion(), 4, input(whole.clone())), CtapError::PinAuthInvalid),
        (with(with(get_assertion(), 4, input(whole)), 5, up_false), CtapError::UnsupportedOption),
        (with(get_assertion(), 5, text_map([("rk", Value::from(true))])), CtapError::UnsupportedOption),
        (with(get_assertion(), 6, Value::from(vec![0; 32])), CtapError::MissingParameter),
        (with(with(get_assertion(), 6, Value::from(vec![0; 32])), 7, 1.into()), CtapError::PinAuthInvalid),
    ];
    let mut authenticator = authenticator();
    call(&mut authenticator, 0x01, make_credential());
    for (request, error) in faults {
        let answer = call_as(&mut authenticator, 0x02, request.clone(), &mut nobody_is_asked);
        assert_eq!(answer, [error.code()], "{error:?} for {request:?}");
    }
}

#[test]
fn an_empty_allow_list_is_none_but_one_of_unknown_types_finds_nothing() {
    let mut authenticator = authenticator();
    call(&mut authenticator, 0x01, make_credential());
    let id = authenticator.store().passkeys()[0].credential_id.as_bytes().to_vec();
    let listed = |kind: &str| {
        let descriptor = text_map([("id", Value::from(id.clone())), ("type", Value::from(kind))]);
        with(get_assertion(), 3, Value::Array(vec![descriptor]))
    };
    let empty = with(get_assertion(), 3, Value::Array(Vec::new()));
    assert_eq!(call(&mut authenticator, 0x02, empty)[0], 0x00);
    assert_eq!(call(&mut authenticator, 0x02, listed("public-key"))[0], 0x00);
    assert_eq!(call(&mut authenticator, 0x02, listed("other")), [0x2e]);
}

/// CTAP 2.1 §6.2.2: pre-flight, before a platform asks the user to touch anything.
#[test]
fn a_platform_that_probes_for_a_passkey_is_told_that_it_is_here_and_no_more() {
    let mut authenticator = authenticator();
    call(&mut authenticator, 0x01, make_credential());
    let id = authenticator.store().passkeys()[0].credential_id.as_bytes().to_vec();
    let silently = with(get_assertion(), 5, text_map([("up", Value::from(false))]));
    let descriptor = text_map([("id", Value::from(id)), ("type", Value::from("public-key"))]);
    let named = with(silently.clone(), 3, Value::Array(vec![descriptor]));
    let answer = call_as(&mut authenticator, 0x02, named, &mut nobody_is_asked);
    assert_eq!(answer[0], 0x00);
    let members: Vec<Value> =
        cbor::decode(&answer[1..]).unwrap().into_map().unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(members, [1, 2, 3].map(Value::from), "credential, authenticator data, signature; no user");
    for nameless in [silently.clone(), with(silently, 3, Value::Array(Vec::new()))] {
        assert_eq!(call_as(&mut authenticator, 0x02, nameless, &mut nobody_is_asked), [0x2e]);
    }
}

#[test]
fn what_is_no_request_has_its_status() {
    for (request, error) in [
        (vec![], CtapError::InvalidLength),
        (vec![0x04, 0xa0], CtapError::InvalidLength),
        (vec![0x09], CtapError::InvalidCommand),
        (vec![0xff, 0xa0], CtapError::InvalidCommand),
        (vec![0x01], CtapError::InvalidCbor),
        (vec![0x01, 0xa0, 0x00], CtapError::InvalidCbor),
        (vec![0x02, 0xbf, 0xff], CtapError::InvalidCbor),
        ([vec![0x01], vec![0; 7_609]].concat(), CtapError::RequestTooLarge),
    ] {
        let answer = authenticator().call(&request, &mut nobody_is_asked, &|| UnixMillis(0));
        assert_eq!(answer, [error.code()]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn garbage_is_answered_and_never_asks_anybody(command in 0u8..4, garbage: Vec<u8>) {
        let request = [vec![command], garbage].concat();
        let answer = authenticator().call(&request, &mut nobody_is_asked, &|| UnixMillis(0));
        prop_assert_eq!(answer.len(), 1);
        prop_assert_ne!(answer[0], 0);
    }

    #[test]
    fn a_request_with_a_byte_changed_is_answered(position in any::<prop::sample::Index>(), byte: u8, make: bool) {
        let (command, request) = if make { (1, make_credential()) } else { (2, get_assertion()) };
        let mut bytes = [vec![command], cbor::encode(&request).unwrap()].concat();
        let position = position.index(bytes.len());
        bytes[position] = byte;
        let answer = authenticator().call(&bytes, &mut verified, &|| UnixMillis(0));
        prop_assert!(answer.len() == 1 || cbor::decode(&answer[1..]).is_ok());
    }
}

fn make_credential() -> Value {
    integer_map([
        (1, Value::from(vec![3; 32])),
        (2, text_map([("id", Value::from("example.org")), ("name", Value::from("Example"))])),
        (
            3,
            text_map([
                ("id", Value::from(vec![1])),
                ("name", Value::from("alice")),
                ("displayName", Value::from("ALICE")),
            ]),
        ),
        (4, Value::Array(vec![text_map([("alg", Value::from(-7)), ("type", Value::from("public-key"))])])),
        (7, text_map([("rk", Value::from(true)), ("uv", Value::from(true))])),
    ])
}

fn get_assertion() -> Value {
    integer_map([
        (1, Value::from("example.org")),
        (2, Value::from(vec![3; 32])),
        (5, text_map([("uv", Value::from(true))])),
    ])
}

fn without(request: Value, key: i64) -> Value {
    let mut entries = request.into_map().unwrap();
    entries.retain(|(held, _)| *held != Value::from(key));
    Value::Map(entries)
}

fn with(request: Value, key: i64, value: Value) -> Value {
    let mut entries = without(request, key).into_map().unwrap();
    entries.push((key.into(), value));
    Value::Map(entries)
}

fn call(authenticator: &mut TestAuthenticator, command: u8, request: Value) -> Vec<u8> {
    call_as(authenticator, command, request, &mut verified)
}

fn call_as(
    authenticator: &mut TestAuthenticator,
    command: u8,
    request: Value,
    user: &mut dyn UserVerification,
) -> Vec<u8> {
    let request = [vec![command], cbor::encode(&request).unwrap()].concat();
    authenticator.call(&request, user, &|| UnixMillis(0))
}
