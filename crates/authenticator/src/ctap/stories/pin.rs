use super::*;

#[test]
fn a_pin_is_set_once_and_changed_by_whoever_knows_it() {
    for protocol in BOTH {
        let mut platform = Platform::new(protocol);
        assert_eq!(platform.client_pin(1, Vec::new()).err(), Some(0x35), "PIN_NOT_SET");
        assert_eq!(platform.set_pin("123").err(), Some(0x37), "PIN_POLICY_VIOLATION");
        platform.set_pin(PIN).unwrap();
        assert_eq!(platform.set_pin("5678").err(), Some(0x33), "PIN_AUTH_INVALID");
        assert_eq!(platform.change_pin("0000", "5678").err(), Some(0x31), "PIN_INVALID");
        platform.change_pin(PIN, "5678").unwrap();
        assert_eq!(platform.token_for(PIN, CM, None).err(), Some(0x31));
        assert!(platform.token_for("5678", CM, None).is_ok());
    }
}

#[test]
fn a_new_pin_that_was_changed_on_the_way_is_refused_and_no_attempt_is_used_up() {
    for protocol in BOTH {
        let mut platform = Platform::with_pin(protocol);
        let (own, secret) = platform.agree();
        let sealed = secret.encrypt(&padded("5678"), &mut Script::endless()).unwrap();
        let hash = secret.encrypt(&hash_of(PIN), &mut Script::endless()).unwrap();
        let mac = secret.authenticate(&[sealed.clone(), hash.clone()].concat());
        let mut other = sealed;
        other[20] ^= 1;
        let changed = platform.client_pin(4, vec![(3, own), (4, mac.into()), (5, other.into()), (6, hash.into())]);
        assert_eq!(changed.err(), Some(0x33));
        assert_eq!(platform.client_pin(1, Vec::new()).unwrap().required(3), Ok(8.into()));
    }
}

#[test]
fn wrong_pins_are_counted_and_locked_as_the_standard_says() {
    for protocol in BOTH {
        let mut platform = Platform::with_pin(protocol);
        for (status, left) in [(0x31, 7), (0x31, 6), (0x34, 5), (0x34, 5)] {
            assert_eq!(platform.token_for("0000", CM, None).err(), Some(status));
            assert_eq!(platform.client_pin(1, Vec::new()).unwrap().required(3), Ok(left.into()));
        }
        assert_eq!(platform.token_for(PIN, CM, None).err(), Some(0x34), "not even the right one is tried");
        assert_eq!(platform.client_pin(1, Vec::new()).unwrap().required(4), Ok(true.into()), "a power cycle is needed");
        platform.authenticator.power_cycle(UnixMillis(0)).unwrap();
        assert!(platform.token_for(PIN, CM, None).is_ok());
        assert_eq!(platform.client_pin(1, Vec::new()).unwrap().required(3), Ok(8.into()));
    }
}

#[test]
fn after_eight_wrong_pins_none_is_taken_any_more() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    for attempt in 1..=8 {
        let status = if attempt == 8 {
            0x32
        } else if attempt % 3 == 0 {
            0x34
        } else {
            0x31
        };
        assert_eq!(platform.token_for("0000", CM, None).err(), Some(status), "{attempt}");
        if attempt % 3 == 0 {
            platform.authenticator.power_cycle(UnixMillis(0)).unwrap();
        }
    }
    platform.authenticator.power_cycle(UnixMillis(0)).unwrap();
    for pin in [PIN, "0000"] {
        assert_eq!(platform.token_for(pin, CM, None).err(), Some(0x32), "PIN_BLOCKED");
    }
    assert_eq!(platform.change_pin(PIN, "5678").err(), Some(0x32));
}

/// So that whoever tries PINs has to agree on a secret for each.
#[test]
fn threat_program_a_wrong_pin_voids_the_agreed_secret() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let (own, secret) = platform.agree();
    let sealed = |pin: &str| Value::from(secret.encrypt(&hash_of(pin), &mut Script::endless()).unwrap());
    let wrong = vec![(3, own.clone()), (6, sealed("0000")), (9, CM.into())];
    assert_eq!(platform.client_pin(9, wrong).err(), Some(0x31));
    let right = vec![(3, own), (6, sealed(PIN)), (9, CM.into())];
    assert_eq!(platform.client_pin(9, right).err(), Some(0x31), "under the old secret it reads as another PIN");
}

#[test]
fn a_token_makes_and_uses_passkeys_for_its_relying_party_and_says_that_the_user_was_verified() {
    for protocol in BOTH {
        let mut platform = Platform::with_pin(protocol);
        let (_, mut made) = platform.register_with(1, Vec::new());
        assert_eq!(bytes(made.required(2).unwrap()).unwrap()[32], 0x4d, "UP, UV, BE, AT");
        let token = platform.token(GA);
        let request = platform.assertion(Vec::new(), Some(&token));
        let data = bytes(platform.send(0x02, request).unwrap().required(2).unwrap()).unwrap();
        assert_eq!(data[32], 0x0d, "UP, UV, BE");

        let elsewhere = platform.token_for(PIN, GA, Some("example.com")).unwrap();
        let request = platform.assertion(Vec::new(), Some(&elsewhere));
        assert_eq!(platform.send(0x02, request).err(), Some(0x33));
    }
}

#[test]
fn threat_program_a_token_is_good_for_one_ceremony_for_what_it_allows_and_for_a_while() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    platform.now = 1_000_000;
    platform.register(1);
    let token = platform.token(GA);
    let (making, signing) =
        (platform.creation(2, true, Vec::new(), Some(&token)), platform.assertion(Vec::new(), Some(&token)));
    assert_eq!(platform.send(0x01, making).err(), Some(0x33), "it does not allow to make one");
    assert!(platform.send(0x02, signing.clone()).is_ok());
    assert_eq!(platform.send(0x02, signing).err(), Some(0x33), "it is spent");

    let token = platform.token(GA);
    platform.now += 30_000;
    let late = platform.assertion(Vec::new(), Some(&token));
    assert_eq!(platform.send(0x02, late).err(), Some(0x33), "it was not used for 30 seconds");

    let token = platform.token(GA);
    let early = platform.assertion(Vec::new(), Some(&token));
    platform.now -= 40_000;
    assert_eq!(platform.send(0x02, early).err(), Some(0x33), "nor does a clock that is set back help");
}

#[test]
fn a_token_of_one_protocol_is_none_of_the_other() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    platform.register(1);
    let token = platform.token(GA);
    platform.protocol = PinProtocol::One;
    let request = platform.assertion(Vec::new(), Some(&token));
    assert_eq!(platform.send(0x02, request).err(), Some(0x33));
}

#[test]
fn the_older_token_is_for_the_first_relying_party_that_it_is_used_for() {
    let mut platform = Platform::with_pin(PinProtocol::One);
    let token = platform.old_token(PIN).unwrap();
    let request = platform.creation(1, true, Vec::new(), Some(&token));
    assert!(platform.send(0x01, request).is_ok());
    let (own, secret) = platform.agree();
    let hash = secret.encrypt(&hash_of(PIN), &mut Script::endless()).unwrap();
    let scoped = vec![(3, own), (6, hash.into()), (9, GA.into())];
    assert_eq!(platform.client_pin(5, scoped).err(), Some(0x02), "it takes no permissions");
}

#[test]
fn tokens_are_given_for_what_there_is_and_for_whom_it_is() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    for (permissions, status) in [(0, 0x02), (0x08, 0x40), (0x80, 0x40), (0x100, 0x40), (PCMR | CM, 0x02)] {
        assert_eq!(platform.token_for(PIN, permissions, None).err(), Some(status), "{permissions:#x}");
    }
    assert_eq!(platform.token_for(PIN, MC, None).err(), Some(0x14), "for which relying party?");
}

/// CTAP 2.1 §6.1.2 step 1: older platforms let the user touch the authenticator that they mean.
#[test]
fn an_empty_proof_asks_for_a_touch_and_tells_whether_there_is_a_pin() {
    for (mut platform, status) in
        [(Platform::new(PinProtocol::One), 0x35), (Platform::with_pin(PinProtocol::One), 0x31)]
    {
        for command in [0x01, 0x02] {
            let request = if command == 1 {
                platform.creation(1, false, Vec::new(), None)
            } else {
                platform.assertion(Vec::new(), None)
            };
            let mut members = request.into_map().unwrap();
            members.push((if command == 1 { 8 } else { 6 }.into(), Value::Bytes(Vec::new())));
            assert_eq!(platform.send(command, Value::Map(members.clone())).err(), Some(status));
            let refused = platform.send_as(command, Value::Map(members), &mut denied);
            assert_eq!(refused.err(), Some(0x27));
        }
    }
}

#[test]
fn with_a_pin_only_what_is_found_without_its_id_needs_it() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let discoverable = platform.creation(1, true, Vec::new(), None);
    assert_eq!(platform.send(0x01, discoverable).err(), Some(0x36), "PUAT_REQUIRED");
    let server_side = platform.creation(1, false, Vec::new(), None);
    let data = bytes(platform.send(0x01, server_side).unwrap().required(2).unwrap()).unwrap();
    assert_eq!(data[32] & 0x04, 0, "nobody was verified");
    let uv = text_map([("uv", Value::from(true))]);
    let request = platform.assertion(vec![(5, uv)], None);
    assert_eq!(platform.send(0x02, request).err(), Some(0x2c), "there is no way to verify but the PIN");
}

#[test]
fn built_in_verification_gives_tokens_and_is_blocked_after_five_failures() {
    let mut platform = Platform::new(PinProtocol::Two);
    let ask = |platform: &mut Platform, user: &mut dyn UserVerification| {
        let (own, _) = platform.agree();
        let members = [(1, platform.number()), (2, 6.into()), (3, own), (9, CM.into())];
        platform.send_as(0x06, entries(members.to_vec()), user)
    };
    let mut fails = |_: &Prompt<'_>| Answer::Unverified;
    assert!(ask(&mut platform, &mut verified).unwrap().required(2).is_ok());
    assert_eq!(ask(&mut platform, &mut denied).err(), Some(0x27));
    for status in [0x3f, 0x3f, 0x3f, 0x3f, 0x3c, 0x3c] {
        assert_eq!(ask(&mut platform, &mut fails).err(), Some(status));
    }
    assert_eq!(ask(&mut platform, &mut nobody_is_asked).err(), Some(0x3c), "UV_BLOCKED");
    platform.set_pin(PIN).unwrap();
    platform.token(CM);
    assert!(ask(&mut platform, &mut verified).is_ok(), "the PIN unblocks it");
    assert_eq!(ask(&mut platform, &mut Touch).err(), Some(0x3e), "who cannot verify has no such subcommand");
}

/// Else the first program that comes would choose what proves who is there.
#[test]
fn threat_program_where_somebody_can_be_verified_the_first_pin_needs_them() {
    let mut platform = Platform::new(PinProtocol::Two);
    let set = |platform: &mut Platform, user: &mut dyn UserVerification| {
        let (own, secret) = platform.agree();
        let sealed = secret.encrypt(&padded(PIN), &mut Script::endless()).unwrap();
        let mac = secret.authenticate(&sealed);
        let members = [(1, platform.number()), (2, 3.into()), (3, own), (4, mac.into()), (5, sealed.into())];
        platform.send_as(0x06, entries(members.to_vec()), user).map(drop)
    };
    assert_eq!(set(&mut platform, &mut denied).err(), Some(0x27));
    assert_eq!(set(&mut platform, &mut present).err(), Some(0x27));
    assert_eq!(platform.client_pin(1, Vec::new()).err(), Some(0x35), "none is set");
    let mut asked = Vec::new();
    let mut ask = |prompt: &Prompt<'_>| {
        asked.push((prompt.action, prompt.verification));
        Answer::Verified { account: 0 }
    };
    set(&mut platform, &mut ask).unwrap();
    assert_eq!(asked, [(Action::SetPin, VerificationRequirement::Required)]);
    assert!(platform.token_for(PIN, CM, None).is_ok());
}

#[test]
fn a_token_that_reaches_beyond_ceremonies_is_asked_for_as_such() {
    for (permissions, action) in
        [(GA, Action::Verify), (MC | GA, Action::Verify), (GA | CM, Action::Administer), (ACFG, Action::Administer)]
    {
        let mut platform = Platform::new(PinProtocol::Two);
        let (own, _) = platform.agree();
        let members =
            [(1, platform.number()), (2, 6.into()), (3, own), (9, permissions.into()), (10, "example.org".into())];
        let mut asked = Vec::new();
        let mut ask = |prompt: &Prompt<'_>| {
            asked.push(prompt.action);
            Answer::Verified { account: 0 }
        };
        platform.send_as(0x06, entries(members.to_vec()), &mut ask).unwrap();
        assert_eq!(asked, [action]);
    }
}

/// The vault keeps relying parties by printable ASCII ids; what it could not keep is refused before anybody is asked.
#[test]
fn a_relying_party_that_cannot_be_kept_is_refused() {
    let mut platform = Platform::new(PinProtocol::Two);
    for id in ["b\u{fc}cher.example", "ssh:my laptop", "", "\u{7f}"] {
        let mut members = platform.creation(1, false, Vec::new(), None).into_map().unwrap();
        members.retain(|(key, _)| *key != Value::from(2));
        members.push((2.into(), text_map([("id", Value::from(id))])));
        assert_eq!(platform.send_as(0x01, Value::Map(members), &mut nobody_is_asked).err(), Some(0x02), "{id}");
    }
}
