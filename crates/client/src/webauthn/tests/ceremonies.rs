use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey, VerificationAlgorithm};

use super::*;

/// The raw key at the end of a SubjectPublicKeyInfo.
fn raw_key(registration: &Value) -> (&'static dyn VerificationAlgorithm, Vec<u8>) {
    let spki = bytes(registration, "/response/publicKey");
    match registration["response"]["publicKeyAlgorithm"].as_i64() {
        Some(-7) => (&ECDSA_P256_SHA256_ASN1, spki[26..].to_vec()),
        Some(-8) => (&ED25519, spki[12..].to_vec()),
        other => panic!("algorithm {other:?}"),
    }
}

#[test]
fn a_passkey_made_on_one_device_signs_in_from_another() {
    for algorithm in [-7, -8] {
        let mut first = device();
        let options = with(creation_options(), "/pubKeyCredParams/0/alg", json!(algorithm));
        let registration = register(&mut first, &options);
        assert_eq!(registration["type"], "public-key");
        assert_eq!(registration["id"], registration["rawId"]);
        assert_eq!(registration["authenticatorAttachment"], "platform");
        assert_eq!(registration["clientExtensionResults"], json!({}));
        assert_eq!(registration["response"]["transports"], json!(["internal"]));
        assert_eq!(
            String::from_utf8(bytes(&registration, "/response/clientDataJSON")).unwrap(),
            r#"{"type":"webauthn.create","challenge":"AAECAwQFBgcICQoLDA0ODw","origin":"https://example.org","crossOrigin":false}"#
        );
        let data = bytes(&registration, "/response/authenticatorData");
        let object = bytes(&registration, "/response/attestationObject");
        assert!(object.ends_with(&data));
        assert!(object.starts_with(b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"));
        assert_eq!(data[32], 0x4d, "UP, UV, BE, not BS, AT");

        let assertion = sign_in(&mut synced(&first), &request_options());
        assert_eq!(assertion["id"], registration["id"]);
        assert_eq!(assertion["rawId"], registration["id"]);
        assert_eq!(assertion["type"], "public-key");
        assert_eq!(assertion["authenticatorAttachment"], "platform");
        assert_eq!(assertion["clientExtensionResults"], json!({}));
        assert_eq!(bytes(&assertion, "/response/userHandle"), [1, 2, 3]);
        let data = bytes(&assertion, "/response/authenticatorData");
        assert_eq!(data[32], 0x1d, "UP, UV, BE, BS");
        let client_data = bytes(&assertion, "/response/clientDataJSON");
        let message = [data, digest(&SHA256, &client_data).as_ref().to_vec()].concat();
        let (algorithm, key) = raw_key(&registration);
        let key = UnparsedPublicKey::new(algorithm, key);
        key.verify(&message, &bytes(&assertion, "/response/signature")).unwrap();
    }
}

#[test]
fn without_an_rp_id_the_origins_domain_is_used() {
    let mut device = device();
    let options = without(creation_options(), "/rp/id");
    create_as(&mut device, "https://login.example.org:8443", &mut verified, &options).unwrap();
    assert_eq!(device.store().passkeys()[0].rp_id.as_str(), "login.example.org");
    let options = without(request_options(), "/rpId");
    get_as(&mut device, "https://login.example.org", &mut verified, &options).unwrap();
    let elsewhere = get_as(&mut device, "https://example.org", &mut verified, &options);
    assert_eq!(elsewhere.unwrap_err().dom_name(), "NotAllowedError");
}

#[test]
fn the_user_sees_who_asks_and_how_long_the_answer_counts() {
    let mut device = device();
    let mut asked = 0;
    let mut user = |prompt: &Prompt<'_>| {
        asked += 1;
        assert_eq!(prompt.relying_party.unwrap().id.as_str(), "example.org");
        assert_eq!(prompt.relying_party.unwrap().name.as_ref().unwrap().as_str(), "Example");
        assert_eq!(prompt.accounts[0].display_name.as_ref().unwrap().as_str(), "Alice");
        assert_eq!(prompt.answer_within, Some(std::time::Duration::from_secs(60)));
        Answer::Verified { account: 0 }
    };
    let options = with(creation_options(), "/timeout", json!(60_000));
    create_as(&mut device, "https://example.org", &mut user, &options).unwrap();
    assert_eq!(asked, 1);
}

#[test]
fn an_answer_after_the_deadline_makes_and_signs_nothing() {
    let late = |device: &mut Device, creating: bool, delay: u64| {
        let clock = StoppedClock::default();
        let mut user = |_: &Prompt<'_>| {
            clock.advance(delay);
            Answer::Verified { account: 0 }
        };
        let ceremony = Ceremony {
            page: &Page::top(Origin::parse("https://example.org").unwrap()),
            authenticator: device,
            user: &mut user,
            clock: &clock,
        };
        if creating {
            let options = with(creation_options(), "/timeout", json!(60_000));
            create(ceremony, &options.to_string()).map(drop).map_err(|error| error.dom_name())
        } else {
            let options = with(request_options(), "/timeout", json!(60_000));
            get(ceremony, &options.to_string()).map(drop).map_err(|error| error.dom_name())
        }
    };
    let mut device = device();
    assert_eq!(late(&mut device, true, 60_001), Err("NotAllowedError"));
    assert!(device.store().passkeys().is_empty());
    assert_eq!(late(&mut device, true, 60_000), Ok(()));
    assert_eq!(late(&mut device, false, 60_001), Err("NotAllowedError"));
    assert_eq!(late(&mut device, false, 60_000), Ok(()));
}

#[test]
fn user_verification_is_asked_for_as_the_relying_party_wishes() {
    use keyfold_authenticator::VerificationRequirement::{Discouraged, Preferred, Required};
    for (wish, expected) in [
        (json!("required"), Required),
        (json!("preferred"), Preferred),
        (json!("discouraged"), Discouraged),
        (json!("a later standard's"), Preferred),
        (Value::Null, Preferred),
    ] {
        let mut device = device();
        let mut seen = Vec::new();
        let mut user = |prompt: &Prompt<'_>| {
            seen.push(prompt.verification);
            Answer::Verified { account: 0 }
        };
        let options = with(creation_options(), "/authenticatorSelection", json!({"userVerification": wish}));
        create_as(&mut device, "https://example.org", &mut user, &options).unwrap();
        let options = with(request_options(), "/userVerification", wish);
        get_as(&mut device, "https://example.org", &mut user, &options).unwrap();
        assert_eq!(seen, [expected, expected]);
    }
    let present = &mut |_: &Prompt<'_>| Answer::Present { account: 0 };
    let options = with(creation_options(), "/authenticatorSelection", json!({"userVerification": "required"}));
    let refused = create_as(&mut device(), "https://example.org", present, &options);
    assert_eq!(refused.unwrap_err().dom_name(), "NotAllowedError");
}

#[test]
fn algorithms_are_taken_in_the_relying_partys_order() {
    let parameters = |algorithms: &[i64]| {
        let entries = algorithms.iter().map(|alg| json!({"type": "public-key", "alg": alg}));
        with(creation_options(), "/pubKeyCredParams", entries.collect())
    };
    for (offered, chosen) in
        [(vec![-8, -7], -8), (vec![-7, -8], -7), (vec![-257, -35, -8], -35), (vec![-48], -48), (vec![], -7)]
    {
        let registration = register(&mut device(), &parameters(&offered));
        assert_eq!(registration["response"]["publicKeyAlgorithm"], chosen);
    }
    let refused = create_as(&mut device(), "https://example.org", &mut verified, &parameters(&[-257]));
    assert_eq!(refused.unwrap_err().dom_name(), "NotSupportedError");
}

#[test]
fn cred_props_says_that_the_passkey_is_discoverable() {
    for resident_key in ["required", "preferred", "discouraged"] {
        let options = with(creation_options(), "/extensions", json!({"credProps": true, "unknown": [1]}));
        let options = with(options, "/authenticatorSelection", json!({"residentKey": resident_key}));
        let registration = register(&mut device(), &options);
        assert_eq!(registration["clientExtensionResults"], json!({"credProps": {"rk": true}}));
    }
}

#[test]
fn allow_credentials_limits_the_choice() {
    let mut device = device();
    let alice = register(&mut device, &creation_options());
    register(&mut device, &with(creation_options(), "/user/id", json!("Ym9i")));
    let listed = |ids: &[&Value]| {
        let entries = ids.iter().map(|id| json!({"type": "public-key", "id": id, "transports": ["usb", "new"]}));
        with(request_options(), "/allowCredentials", entries.collect())
    };
    let foreign = json!("AAAAAAAAAAAAAAAAAAAAAA");
    let assertion = sign_in(&mut device, &listed(&[&foreign, &alice["id"]]));
    assert_eq!(assertion["id"], alice["id"]);
    let refused = get_as(&mut device, "https://example.org", &mut verified, &listed(&[&foreign]));
    assert_eq!(refused.unwrap_err().dom_name(), "NotAllowedError");
}

#[test]
fn members_nobody_knows_and_hints_are_ignored() {
    let mut device = device();
    let mut options = creation_options();
    for (member, value) in [
        ("/hints", json!(["security-key"])),
        ("/attestation", json!("direct")),
        ("/attestationFormats", json!(["packed"])),
        ("/fromTheFuture", json!({"a": [1, 2]})),
        ("/rp/icon", json!("https://example.org/icon")),
        ("/authenticatorSelection", json!({"authenticatorAttachment": "platform", "requireResidentKey": true})),
    ] {
        options = with(options, member, value);
    }
    register(&mut device, &options);
    sign_in(&mut device, &with(request_options(), "/hints", json!(["hybrid"])));
}
