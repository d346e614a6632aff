use proptest::prelude::*;

use super::*;

fn nobody_is_asked(prompt: &Prompt<'_>) -> Answer {
    panic!("nobody should be asked, but was: {:?}", prompt.action)
}

#[test]
fn malformed_creation_options_are_refused_before_anybody_is_asked() {
    let descriptor = |id: &str, kind: &str| json!([{"id": id, "type": kind}]);
    for (options, name) in [
        (json!(null), "TypeError"),
        (json!([]), "TypeError"),
        (json!({"publicKey": creation_options()}), "TypeError"),
        (without(creation_options(), "/rp"), "TypeError"),
        (without(creation_options(), "/rp/name"), "TypeError"),
        (without(creation_options(), "/user"), "TypeError"),
        (without(creation_options(), "/user/id"), "TypeError"),
        (without(creation_options(), "/user/name"), "TypeError"),
        (without(creation_options(), "/user/displayName"), "TypeError"),
        (without(creation_options(), "/challenge"), "TypeError"),
        (without(creation_options(), "/pubKeyCredParams"), "TypeError"),
        (with(creation_options(), "/user/id", json!("")), "TypeError"),
        (with(creation_options(), "/user/id", json!("A".repeat(88))), "TypeError"),
        (with(creation_options(), "/user/id", json!("AQID=")), "TypeError"),
        (with(creation_options(), "/user/id", json!([1, 2, 3])), "TypeError"),
        (with(creation_options(), "/user/name", json!(5)), "TypeError"),
        (with(creation_options(), "/challenge", json!("AAECAwQFBgcICQoLDA0O")), "TypeError"),
        (with(creation_options(), "/challenge", json!("AAECAwQFBgcICQoLDA0ODw==")), "TypeError"),
        (with(creation_options(), "/challenge", json!("AAECAwQFBgcICQoLDA0+/w")), "TypeError"),
        (with(creation_options(), "/pubKeyCredParams", json!({})), "TypeError"),
        (with(creation_options(), "/pubKeyCredParams/0/alg", json!("-7")), "TypeError"),
        (with(creation_options(), "/pubKeyCredParams/0/alg", json!(5_000_000_000_i64)), "TypeError"),
        (with(creation_options(), "/pubKeyCredParams/0/type", json!("other")), "NotSupportedError"),
        (with(creation_options(), "/timeout", json!("60000")), "TypeError"),
        (with(creation_options(), "/timeout", json!(-1)), "TypeError"),
        (with(creation_options(), "/attestation", json!(false)), "TypeError"),
        (with(creation_options(), "/excludeCredentials", json!("none")), "TypeError"),
        (with(creation_options(), "/excludeCredentials", descriptor("not base64!", "public-key")), "TypeError"),
        (with(creation_options(), "/authenticatorSelection", json!({"requireResidentKey": "yes"})), "TypeError"),
        (with(creation_options(), "/extensions", json!({"credProps": 1})), "TypeError"),
        (with(creation_options(), "/extensions", json!({"prf": {"eval": {"second": "AA"}}})), "TypeError"),
        (with(creation_options(), "/extensions", json!({"prf": {"evalByCredential": {}}})), "NotSupportedError"),
        (with(creation_options(), "/user/name", json!("x".repeat(65_536))), "TypeError"),
        (with(creation_options(), "/rp/id", json!("example.com")), "SecurityError"),
        (with(creation_options(), "/rp/id", json!("org")), "SecurityError"),
        (with(creation_options(), "/rp/id", json!("")), "SecurityError"),
    ] {
        let mut device = device();
        let refused = create_as(&mut device, "https://example.org", &mut nobody_is_asked, &options);
        assert_eq!(refused.unwrap_err().dom_name(), name, "{options}");
        assert!(device.store().passkeys().is_empty());
    }
}

#[test]
fn malformed_request_options_are_refused_before_anybody_is_asked() {
    let prf = |input: Value| with(request_options(), "/extensions", json!({"prf": input}));
    let by_id = |key: &str| json!({"evalByCredential": {key: {"first": "AA"}}});
    let allowing = |options: Value| with(options, "/allowCredentials", json!([{"id": "AAAA", "type": "public-key"}]));
    let mut device = device();
    register(&mut device, &creation_options());
    for (options, name) in [
        (json!({}), "TypeError"),
        (with(request_options(), "/challenge", json!("")), "TypeError"),
        (with(request_options(), "/challenge", json!(null)), "TypeError"),
        (with(request_options(), "/rpId", json!(1)), "TypeError"),
        (with(request_options(), "/rpId", json!("example.com")), "SecurityError"),
        (with(request_options(), "/rpId", json!("login.example.org")), "SecurityError"),
        (with(request_options(), "/userVerification", json!(true)), "TypeError"),
        (with(request_options(), "/allowCredentials", json!([{"id": "AAAA"}])), "TypeError"),
        (with(request_options(), "/allowCredentials", json!([{"id": "AAAA", "type": "other"}])), "NotSupportedError"),
        (prf(json!(true)), "TypeError"),
        (prf(json!({"eval": {"first": "A"}})), "TypeError"),
        (prf(by_id("AAAA")), "NotSupportedError"),
        (allowing(prf(by_id(""))), "SyntaxError"),
        (allowing(prf(by_id("AAA="))), "SyntaxError"),
        (allowing(prf(by_id("BBBB"))), "SyntaxError"),
        (with(request_options(), "/rpId", json!("x".repeat(65_536))), "TypeError"),
    ] {
        let refused = get_as(&mut device, "https://example.org", &mut nobody_is_asked, &options);
        assert_eq!(refused.unwrap_err().dom_name(), name, "{options}");
    }
}

#[test]
fn broken_json_is_one_clear_line() {
    let mut device = device();
    for json in ["", "{", "{\"challenge\": }", "\u{0}", "{} {}", &"[".repeat(10_000)] {
        let ceremony = Ceremony {
            page: &Page::top(Origin::parse("https://example.org").unwrap()),
            authenticator: &mut device,
            user: &mut nobody_is_asked,
            clock: &StoppedClock::default(),
        };
        let message = get(ceremony, json).unwrap_err().to_string();
        assert!(message.starts_with("the options are malformed: "), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn an_account_that_is_here_is_told_only_with_consent() {
    let mut device = device();
    let held = register(&mut device, &creation_options());
    let excluded = json!([{"id": held["id"], "type": "public-key"}]);
    let options = with(creation_options(), "/excludeCredentials", excluded.clone());
    let agreed = create_as(&mut device, "https://example.org", &mut verified, &options).unwrap_err();
    assert!(matches!(agreed, CreateError::AlreadyRegistered));
    assert_eq!(agreed.dom_name(), "InvalidStateError");
    let mut denied = |_: &Prompt<'_>| Answer::Denied;
    let refused = create_as(&mut device, "https://example.org", &mut denied, &options).unwrap_err();
    assert!(matches!(refused, CreateError::NotAllowed));
    // Exclusion is of passkeys for this relying party only.
    let options = with(without(creation_options(), "/rp/id"), "/excludeCredentials", excluded);
    create_as(&mut device, "https://example.com", &mut verified, &options).unwrap();
}

#[test]
fn refusal_absence_and_other_attachment_look_the_same() {
    let mut denied = |_: &Prompt<'_>| Answer::Denied;
    let mut with_passkey = device();
    register(&mut with_passkey, &creation_options());
    let refused = get_as(&mut with_passkey, "https://example.org", &mut denied, &request_options()).unwrap_err();
    let absent = get_as(&mut device(), "https://example.org", &mut denied, &request_options()).unwrap_err();
    assert_eq!(refused.to_string(), absent.to_string());
    assert_eq!(format!("{refused:?}"), format!("{absent:?}"));
    let roaming =
        with(creation_options(), "/authenticatorSelection", json!({"authenticatorAttachment": "cross-platform"}));
    let roaming = create_as(&mut device(), "https://example.org", &mut nobody_is_asked, &roaming).unwrap_err();
    let refused = create_as(&mut device(), "https://example.org", &mut denied, &creation_options()).unwrap_err();
    assert_eq!(format!("{roaming:?}"), format!("{refused:?}"));
}

#[test]
fn an_ip_address_has_no_passkeys_even_on_this_machine() {
    let options = without(request_options(), "/rpId");
    let refused = get_as(&mut device(), "http://127.0.0.1:8080", &mut nobody_is_asked, &options);
    assert_eq!(refused.unwrap_err().dom_name(), "SecurityError");
}

proptest! {
    #[test]
    fn options_with_any_part_replaced_never_panic(from in any::<prop::sample::Index>(), length in 0usize..8, text in "\\PC{0,4}") {
        for options in [creation_options().to_string(), request_options().to_string()] {
            let mut characters: Vec<char> = options.chars().collect();
            let start = from.index(characters.len());
            let end = (start + length).min(characters.len());
            characters.splice(start..end, text.chars());
            let changed: String = characters.into_iter().collect();
            let origin = Origin::parse("https://example.org").unwrap();
            let mut device = device();
            let clock = StoppedClock::default();
            let ceremony = Ceremony { page: &Page::top(origin.clone()), authenticator: &mut device, user: &mut verified, clock: &clock };
            drop(create(ceremony, &changed));
            let ceremony = Ceremony { page: &Page::top(origin.clone()), authenticator: &mut device, user: &mut verified, clock: &clock };
            drop(get(ceremony, &changed));
        }
    }
}
