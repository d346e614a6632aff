use super::*;

#[test]
fn threat_program_a_protected_passkey_is_not_here_for_whoever_does_not_verify() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    for (level, named_only_finds) in [(1, true), (2, true), (3, false)] {
        let (id, mut made) = platform.register_with(level, vec![("credProtect", Value::from(level))]);
        let data = bytes(made.required(2).unwrap()).unwrap();
        let output = text_map([("credProtect", Value::from(level))]);
        assert!(data.ends_with(&cbor::encode(&output).unwrap()), "the policy is told");
        let by_name = platform.assertion(vec![(3, named(&[&id]))], None);
        assert_eq!(platform.send(0x02, by_name).is_ok(), named_only_finds, "level {level}");
        let token = platform.token(GA);
        let verified = platform.assertion(vec![(3, named(&[&id]))], Some(&token));
        assert!(platform.send(0x02, verified).is_ok(), "level {level}");
    }
    let nameless = platform.assertion(Vec::new(), None);
    let mut only_the_open_one = platform.send(0x02, nameless).unwrap();
    assert_eq!(only_the_open_one.optional(5), None);
}

#[test]
fn a_protected_passkey_excludes_nothing_for_whoever_does_not_verify() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let (id, _) = platform.register_with(1, vec![("credProtect", Value::from(3))]);
    let excluding = |platform: &Platform, token: Option<&[u8; 32]>| {
        let mut members = platform.creation(2, false, Vec::new(), token).into_map().unwrap();
        members.push((5.into(), named(&[&id])));
        Value::Map(members)
    };
    let request = excluding(&platform, None);
    assert!(platform.send(0x01, request).is_ok());
    let token = platform.token(MC);
    let request = excluding(&platform, Some(&token));
    assert_eq!(platform.send(0x01, request).err(), Some(0x19));
}

/// Our own client does what a platform would: it asks for more.
#[test]
fn our_own_client_verifies_where_a_passkey_needs_it() {
    let mut device = authenticator();
    let extensions =
        MakeExtensions { cred_protect: Some(CredProtect::VerificationRequired), ..MakeExtensions::default() };
    let request = MakeCredential { extensions, ..registration_of(user(1, "alice")) };
    device.make_credential(&request, &mut verified, UnixMillis(0)).unwrap();
    let request = GetAssertion { verification: VerificationRequirement::Discouraged, ..GetAssertion::example() };
    let mut asked = Vec::new();
    let mut ask = |prompt: &Prompt<'_>| {
        asked.push(prompt.verification);
        Answer::Verified { account: 0 }
    };
    let assertion = device.get_assertion(&request, &mut ask, UnixMillis(0)).unwrap();
    assert_eq!(assertion.authenticator_data[32] & 0x04, 0x04);
    assert_eq!(asked, [VerificationRequirement::Required]);
    let refused = device.get_assertion(&request, &mut present, UnixMillis(0));
    assert_eq!(refused.unwrap_err(), CtapError::OperationDenied);
}

#[test]
fn a_server_side_passkey_is_found_by_its_id_alone_and_takes_no_others_place() {
    let mut platform = Platform::new(PinProtocol::Two);
    let request = platform.creation(1, false, Vec::new(), None);
    for _ in 0..2 {
        platform.send(0x01, request.clone()).unwrap();
    }
    assert_eq!(platform.authenticator.store().passkeys().len(), 2);
    let id = platform.authenticator.store().passkeys()[0].credential_id.as_bytes().to_vec();
    let nameless = platform.assertion(Vec::new(), None);
    assert_eq!(platform.send(0x02, nameless).err(), Some(0x2e));
    let by_name = platform.assertion(vec![(3, named(&[&id]))], None);
    assert!(platform.send(0x02, by_name).is_ok());
}

#[test]
fn bytes_that_a_site_stores_come_back_and_too_many_are_not_kept() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    for (length, is_kept) in [(32, true), (33, false)] {
        let (id, mut made) = platform.register_with(1, vec![("credBlob", Value::from(vec![7; length]))]);
        let data = bytes(made.required(2).unwrap()).unwrap();
        assert!(data.ends_with(&cbor::encode(&text_map([("credBlob", Value::from(is_kept))])).unwrap()));
        let token = platform.token(GA);
        let wanted = text_map([("credBlob", Value::from(true))]);
        let request = platform.assertion(vec![(3, named(&[&id])), (4, wanted)], Some(&token));
        let data = bytes(platform.send(0x02, request).unwrap().required(2).unwrap()).unwrap();
        let blob = if is_kept { vec![7; 32] } else { Vec::new() };
        assert!(data.ends_with(&cbor::encode(&text_map([("credBlob", Value::from(blob))])).unwrap()));
    }
}

#[test]
fn hmac_secret_is_evaluated_at_creation_as_it_is_later() {
    for protocol in BOTH {
        let mut platform = Platform::with_pin(protocol);
        let token = platform.token(MC);
        let (own, secret) = platform.agree();
        let salt = secret.encrypt(&[7; 32], &mut Script::endless()).unwrap();
        let input = entries(vec![
            (1, own),
            (2, salt.clone().into()),
            (3, secret.authenticate(&salt).into()),
            (4, platform.number()),
        ]);
        let alone = platform.creation(1, true, vec![("hmac-secret-mc", input.clone())], Some(&token));
        assert_eq!(platform.send(0x01, alone).err(), Some(0x14), "never without hmac-secret");
        let token = platform.token(MC);
        let (own, secret) = platform.agree();
        let salt = secret.encrypt(&[7; 32], &mut Script::endless()).unwrap();
        let input = entries(vec![
            (1, own),
            (2, salt.clone().into()),
            (3, secret.authenticate(&salt).into()),
            (4, platform.number()),
        ]);
        let both = vec![("hmac-secret", Value::from(true)), ("hmac-secret-mc", input)];
        let request = platform.creation(1, true, both, Some(&token));
        let data = bytes(platform.send(0x01, request).unwrap().required(2).unwrap()).unwrap();
        let mut outputs = Fields::of(cbor::decode(&data[164..]).unwrap()).unwrap();
        let sealed = bytes(outputs.required("hmac-secret-mc").unwrap()).unwrap();
        let passkey = platform.authenticator.store().passkeys()[0].clone();
        assert_eq!(*secret.decrypt(&sealed).unwrap(), *passkey.cred_random_with_uv.evaluate(&[7; 32]));
    }
}
