use super::*;

impl Platform {
    fn configure(&mut self, subcommand: u8, parameters: Option<Value>, token: Option<&[u8; 32]>) -> Answered {
        let mut message = [[0xff; 32].as_slice(), &[0x0d, subcommand]].concat();
        let mut members = vec![(1, Value::from(subcommand))];
        if let Some(parameters) = parameters {
            message.extend(cbor::encode(&parameters).unwrap());
            members.push((2, parameters));
        }
        if let Some(token) = token {
            members.extend([(3, self.number()), (4, self.mac(token, &message))]);
        }
        self.send(0x0d, entries(members))
    }

    fn option(&mut self, name: &str) -> Option<Value> {
        let mut info = self.raw(&[0x04], &mut Touch).unwrap();
        Fields::of(info.required(4).unwrap()).unwrap().optional(name)
    }
}

#[test]
fn where_verification_is_always_required_nothing_goes_without_it() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    platform.register(1);
    assert_eq!(platform.configure(2, None, None).err(), Some(0x36));
    let other = platform.token(CM);
    assert_eq!(platform.configure(2, None, Some(&other)).err(), Some(0x33));
    let token = platform.token(ACFG);
    platform.configure(2, None, Some(&token)).unwrap();
    assert_eq!(
        (platform.option("alwaysUv"), platform.option("makeCredUvNotRqd")),
        (Some(true.into()), Some(false.into()))
    );
    let server_side = platform.creation(2, false, Vec::new(), None);
    assert_eq!(platform.send(0x01, server_side).err(), Some(0x36));
    let plain = platform.assertion(Vec::new(), None);
    assert_eq!(platform.send(0x02, plain).err(), Some(0x36));
    let ask = |_: &Prompt<'_>| Answer::Present { account: 0 };
    let request = GetAssertion { verification: VerificationRequirement::Discouraged, ..GetAssertion::example() };
    let ours = platform.authenticator.get_assertion(&request, &mut { ask }, UnixMillis(0));
    assert_eq!(ours.unwrap_err(), CtapError::OperationDenied, "for our own client neither");
    let token = platform.token(ACFG);
    platform.configure(2, None, Some(&token)).unwrap();
    assert_eq!(platform.option("alwaysUv"), Some(false.into()));
}

#[test]
fn the_least_length_of_a_pin_only_grows_and_a_shorter_pin_must_be_changed() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let token = platform.token(ACFG);
    let length = |length: i64| Some(entries(vec![(1, length.into())]));
    platform.configure(3, length(9), Some(&token)).unwrap();
    for refused in [8, 64, 300, -1] {
        assert_eq!(platform.configure(3, length(refused), Some(&token)).err(), Some(0x37), "{refused}");
    }
    let mut info = platform.raw(&[0x04], &mut Touch).unwrap();
    assert_eq!((info.required(0x0c), info.required(0x0d)), (Ok(true.into()), Ok(9.into())));
    assert_eq!(platform.old_token(PIN).err(), Some(0x31), "PIN_INVALID, as getPinToken says it");
    assert_eq!(platform.token_for(PIN, CM, None).err(), Some(0x37));
    assert_eq!(platform.change_pin(PIN, "12345678").err(), Some(0x37));
    platform.change_pin(PIN, "123456789").unwrap();
    assert!(platform.token_for("123456789", CM, None).is_ok());
}

#[test]
fn the_least_length_is_told_to_those_who_were_named() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let wanted = || vec![("minPinLength", Value::from(true))];
    let (_, mut made) = platform.register_with(1, wanted());
    assert_eq!(bytes(made.required(2).unwrap()).unwrap()[32] & 0x80, 0, "no extension output");
    let token = platform.token(ACFG);
    let named = Value::Array(vec!["example.org".into()]);
    platform.configure(3, Some(entries(vec![(2, named)])), Some(&token)).unwrap();
    let (_, mut made) = platform.register_with(1, wanted());
    let output = text_map([("minPinLength", Value::from(4))]);
    assert!(bytes(made.required(2).unwrap()).unwrap().ends_with(&cbor::encode(&output).unwrap()));
    let token = platform.token(ACFG);
    let many = Value::Array(vec!["example.org".into(); 9]);
    assert_eq!(platform.configure(3, Some(entries(vec![(2, many)])), Some(&token)).err(), Some(0x28));
}

#[test]
fn a_subcommand_that_is_not_there_is_none() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let token = platform.token(ACFG);
    for subcommand in [0, 1, 4, 0xff] {
        assert_eq!(platform.configure(subcommand, None, Some(&token)).err(), Some(0x3e));
    }
}
