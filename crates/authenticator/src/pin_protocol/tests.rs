use data_encoding::HEXLOWER;
use serde_json::Value;

use super::*;
use crate::hmac_secret::HmacSecretInput;
use crate::testing::Script;
use crate::{CredRandom, PrfOutput};

/// WebAuthn L3, "CTAP2 hmac-secret extension": both protocols, one and two inputs, seen from both
/// sides.
#[test]
fn published_hmac_secret_exchanges_are_reproduced() {
    let file = file();
    let platform = KeyAgreement::from_scalar(&hex(&file["platform_key_agreement_private_key"]));
    let authenticator = KeyAgreement::from_scalar(&hex(&file["authenticator_key_agreement_private_key"]));
    let published = &file["authenticator_key_agreement_public_key"];
    let coordinates = crate::cbor::integer_map([
        (1, 2.into()),
        (3, (-25).into()),
        (-1, 1.into()),
        (-2, hex(&published["x"]).into()),
        (-3, hex(&published["y"]).into()),
    ]);
    assert_eq!(authenticator.public_key(), coordinates);
    let cred_random = CredRandom::from_bytes(&hex(&file["authenticator_cred_random"]).try_into().unwrap());

    for case in file["cases"].as_array().unwrap() {
        let protocol = match case["protocol"].as_u64().unwrap() {
            1 => PinProtocol::One,
            _ => PinProtocol::Two,
        };
        // The platform encrypts its salts.
        let secret = platform.agree(protocol, authenticator.public_key()).unwrap();
        assert_eq!(secret.to_bytes(), hex(&case["shared_secret"]));
        let salts = [hex(&case["salt1"]), hex(&case["salt2"])].concat();
        let salt_enc = secret.encrypt(&salts, &mut iv_of(&case["salt_enc"], protocol)).unwrap();
        assert_eq!(salt_enc, hex(&case["salt_enc"]));
        // The authenticator opens, evaluates, seals.
        let salt_auth = secret.authenticate(&salt_enc);
        let input = HmacSecretInput { protocol, key_agreement: platform.public_key(), salt_enc, salt_auth };
        let opened = input.open(&authenticator).unwrap();
        let output = PrfOutput::evaluate(&cred_random, &opened.salts);
        assert_eq!(output.first().as_slice(), hex(&case["output1"]));
        assert_eq!(output.second().map(|second| second.to_vec()).unwrap_or_default(), hex(&case["output2"]));
        let sealed = opened.seal(&output, &mut iv_of(&case["output_enc"], protocol)).unwrap();
        assert_eq!(sealed, ciborium::Value::from(hex(&case["output_enc"])));
        // The platform reads the results.
        let results = secret.decrypt(&hex(&case["output_enc"])).unwrap();
        let expected = [hex(&case["prf_results_first"]), hex(&case["prf_results_second"])].concat();
        assert_eq!(*results, expected);
    }
}

#[test]
fn salts_are_the_context_string_hashed_with_the_input() {
    for case in file()["cases"].as_array().unwrap() {
        for (input, salt) in [("prf_eval_first", "salt1"), ("prf_eval_second", "salt2")] {
            if case[input].is_string() {
                let message = [b"WebAuthn PRF\0".as_slice(), &hex(&case[input])].concat();
                let digest = ring::digest::digest(&ring::digest::SHA256, &message);
                assert_eq!(digest.as_ref(), hex(&case[salt]));
            }
        }
    }
}

#[test]
fn a_changed_bit_in_salts_or_mac_is_refused() {
    let (platform, authenticator) = pair();
    for protocol in [PinProtocol::One, PinProtocol::Two] {
        let secret = platform.agree(protocol, authenticator.public_key()).unwrap();
        let salt_enc = secret.encrypt(&[7; 32], &mut Script::endless()).unwrap();
        let salt_auth = secret.authenticate(&salt_enc);
        let key_agreement = platform.public_key();
        let honest = HmacSecretInput { protocol, key_agreement, salt_enc, salt_auth };
        assert!(honest.clone().open(&authenticator).is_ok());
        for position in 0..honest.salt_enc.len() {
            let mut changed = honest.clone();
            changed.salt_enc[position] ^= 0x80;
            assert_eq!(changed.open(&authenticator).err(), Some(crate::CtapError::PinAuthInvalid));
        }
        for position in 0..honest.salt_auth.len() {
            let mut changed = honest.clone();
            changed.salt_auth[position] ^= 1;
            assert_eq!(changed.open(&authenticator).err(), Some(crate::CtapError::PinAuthInvalid));
        }
        let mut short = honest.clone();
        short.salt_auth.truncate(8);
        assert_eq!(short.open(&authenticator).err(), Some(crate::CtapError::PinAuthInvalid));
    }
}

#[test]
fn salts_of_any_length_but_one_or_two_are_refused() {
    let (platform, authenticator) = pair();
    for protocol in [PinProtocol::One, PinProtocol::Two] {
        let secret = platform.agree(protocol, authenticator.public_key()).unwrap();
        for (length, accepted) in [(0, false), (16, false), (32, true), (48, false), (64, true), (96, false)] {
            let salt_enc = secret.encrypt(&vec![7; length], &mut Script::endless()).unwrap();
            let salt_auth = secret.authenticate(&salt_enc);
            let key_agreement = platform.public_key();
            let input = HmacSecretInput { protocol, key_agreement, salt_enc, salt_auth };
            assert_eq!(input.open(&authenticator).is_ok(), accepted, "{protocol:?} {length}");
        }
        assert_eq!(secret.encrypt(&[0; 31], &mut Script::endless()), Err(KeyAgreementError::WrongLength));
        assert_eq!(secret.decrypt(&[0; 31]).err(), Some(KeyAgreementError::WrongLength));
    }
    let two = platform.agree(PinProtocol::Two, authenticator.public_key()).unwrap();
    assert_eq!(two.decrypt(&[0; 15]).err(), Some(KeyAgreementError::WrongLength));
}

#[test]
fn a_peer_key_off_the_curve_or_for_another_use_is_refused() {
    let (platform, authenticator) = pair();
    let member = |label: i64, value: ciborium::Value| {
        let mut entries = platform.public_key().into_map().unwrap();
        entries.iter_mut().find(|(held, _)| *held == label.into()).unwrap().1 = value;
        ciborium::Value::Map(entries)
    };
    let refused = [
        member(1, 1.into()),
        member(3, (-7).into()),
        member(-1, 2.into()),
        member(-2, vec![1; 32].into()),
        member(-2, vec![1; 31].into()),
        member(-3, vec![0; 33].into()),
        member(-3, true.into()),
        ciborium::Value::Map(Vec::new()),
        ciborium::Value::Null,
    ];
    for peer in refused {
        let result = authenticator.agree(PinProtocol::Two, peer.clone());
        assert_eq!(result.err(), Some(KeyAgreementError::InvalidPeerKey), "{peer:?}");
    }
}

#[test]
fn debug_of_secrets_prints_nothing() {
    let (platform, authenticator) = pair();
    let secret = platform.agree(PinProtocol::Two, authenticator.public_key()).unwrap();
    let salts = crate::PrfSalts { first: [1; 32], second: Some([2; 32]) };
    let output = PrfOutput::evaluate(&CredRandom::from_bytes(&[1; 32]), &salts);
    insta::assert_debug_snapshot!(platform, @"KeyAgreement(..)");
    insta::assert_debug_snapshot!(secret, @"SharedSecret(..)");
    insta::assert_debug_snapshot!(salts, @"PrfSalts(..)");
    insta::assert_debug_snapshot!(output, @"PrfOutput(..)");
}

fn pair() -> (KeyAgreement, KeyAgreement) {
    let mut rng = Script::endless();
    (KeyAgreement::generate(&mut rng), KeyAgreement::generate(&mut rng))
}

fn file() -> Value {
    let file: Value = serde_json::from_str(include_str!("../../../../tests/data/prf-ctap.json")).unwrap();
    assert_eq!(file["cases"].as_array().unwrap().len(), 3);
    file
}

/// An absent member is no bytes.
fn hex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().unwrap_or_default().as_bytes()).unwrap()
}

/// The published IV, which protocol 2 puts in front.
fn iv_of(ciphertext: &Value, protocol: PinProtocol) -> Script {
    match protocol {
        PinProtocol::One => Script::endless(),
        PinProtocol::Two => Script::of(&[&hex(ciphertext)[..16]]),
    }
}
