use super::*;

#[test]
fn without_a_display_a_reset_is_taken_in_the_first_ten_seconds_only() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    platform.register(1);
    platform.now = 10_000;
    assert_eq!(platform.raw(&[0x07], &mut Touch).err(), Some(0x30));
    platform.authenticator.power_cycle(UnixMillis(platform.now)).unwrap();
    assert_eq!(platform.raw(&[0x07], &mut denied).err(), Some(0x27));
    assert!(platform.raw(&[0x07], &mut Touch).is_ok());
    assert!(platform.authenticator.store().passkeys().is_empty());
    assert_eq!(platform.client_pin(1, Vec::new()).err(), Some(0x35), "the PIN is gone");
}

#[test]
fn with_a_display_the_user_is_asked_whenever_it_comes() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    platform.now = 3_600_000;
    let mut asked = Vec::new();
    let mut ask = |prompt: &Prompt<'_>| {
        asked.push((prompt.action, prompt.relying_party.is_none(), prompt.verification));
        Answer::Verified { account: 0 }
    };
    assert!(platform.raw(&[0x07], &mut ask).is_ok());
    assert_eq!(asked, [(Action::Reset, true, VerificationRequirement::Required)]);
}

/// A reset takes the PIN away and leaves synced passkeys: it must not be had for less than the PIN.
#[test]
fn where_somebody_can_be_verified_presence_is_not_enough_for_a_reset() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    assert_eq!(platform.raw(&[0x07], &mut present).err(), Some(0x27));
    assert!(platform.authenticator.store().device().unwrap().has_pin());
}

#[test]
fn a_power_cycle_voids_what_platforms_were_given() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    platform.register(1);
    let token = platform.token(GA);
    platform.authenticator.power_cycle(UnixMillis(0)).unwrap();
    let request = platform.assertion(Vec::new(), Some(&token));
    assert_eq!(platform.send(0x02, request).err(), Some(0x33));
}

#[test]
fn how_a_request_ends_has_its_status() {
    for (answer, status) in [(Answer::Denied, 0x27), (Answer::TimedOut, 0x2f), (Answer::Cancelled, 0x2d)] {
        let mut platform = Platform::new(PinProtocol::Two);
        let mut ask = move |_: &Prompt<'_>| answer;
        assert_eq!(platform.raw(&[0x0b], &mut ask).err(), Some(status), "selection");
        let request = platform.creation(1, false, Vec::new(), None);
        assert_eq!(platform.send_as(0x01, request, &mut ask).err(), Some(status));
        assert!(platform.authenticator.store().passkeys().is_empty());
    }
    assert!(Platform::new(PinProtocol::Two).raw(&[0x0b], &mut Touch).is_ok());
}

/// CTAP 2.1 §6.4: what it says of itself is what it does.
#[test]
fn it_tells_what_it_can_do() {
    let mut platform = Platform::new(PinProtocol::Two);
    let mut info = platform.raw(&[0x04], &mut Touch).unwrap();
    let options = info.required(4).unwrap();
    let expected = [
        ("rk", true),
        ("up", true),
        ("plat", false),
        ("alwaysUv", false),
        ("credMgmt", true),
        ("authnrCfg", true),
        ("clientPin", false),
        ("largeBlobs", true),
        ("perCredMgmtRO", true),
        ("pinUvAuthToken", true),
        ("setMinPINLength", true),
        ("makeCredUvNotRqd", true),
    ];
    let options = options.into_map().unwrap();
    assert_eq!(options.len(), expected.len());
    for (name, value) in expected {
        assert!(options.contains(&(name.into(), value.into())), "{name}");
    }
    assert_eq!(info.required(6), Ok(Value::Array(vec![2.into(), 1.into()])));
    assert_eq!(info.optional(0x12), None, "no way to verify");
    let mut info = platform.raw(&[0x04], &mut verified).unwrap();
    assert_eq!(Fields::of(info.required(4).unwrap()).unwrap().required("uv"), Ok(true.into()));
    assert_eq!(info.required(0x12), Ok(4.into()));
}
