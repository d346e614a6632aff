use super::*;

impl Platform {
    fn manage(&mut self, subcommand: i64, parameters: Option<Value>, token: Option<&[u8; 32]>) -> Answered {
        let mut members = vec![(1, Value::from(subcommand))];
        let mut message = vec![u8::try_from(subcommand).unwrap()];
        if let Some(parameters) = parameters {
            message.extend(cbor::encode(&parameters).unwrap());
            members.push((2, parameters));
        }
        if let Some(token) = token {
            members.extend([(3, self.number()), (4, self.mac(token, &message))]);
        }
        self.send(0x0a, entries(members))
    }
}

fn credential(id: &[u8]) -> Value {
    text_map([("id", Value::from(id.to_vec())), ("type", Value::from("public-key"))])
}

fn hash_of_rp() -> Value {
    entries(vec![(1, Value::from(example_org().id.hash().to_vec()))])
}

#[test]
fn passkeys_are_counted_listed_renamed_and_deleted() {
    for protocol in BOTH {
        let mut platform = Platform::with_pin(protocol);
        let token = platform.token(CM);
        assert_eq!(platform.manage(2, None, Some(&token)).err(), Some(0x2e), "there are none");
        let (one, two) = (platform.register(1), platform.register(2));
        let token = platform.token(CM);
        let mut metadata = platform.manage(1, None, Some(&token)).unwrap();
        assert_eq!(metadata.required(1), Ok(2.into()));
        let mut party = platform.manage(2, None, Some(&token)).unwrap();
        assert_eq!(party.required(5), Ok(1.into()));
        assert_eq!(party.required(4), Ok(example_org().id.hash().to_vec().into()));
        assert_eq!(platform.manage(3, None, None).err(), Some(0x30), "there is one only");

        let mut seen = Vec::new();
        let mut first = platform.manage(4, Some(hash_of_rp()), Some(&token)).unwrap();
        assert_eq!(first.required(9), Ok(2.into()));
        seen.push(first.required(7).unwrap());
        seen.push(platform.manage(5, None, None).unwrap().required(7).unwrap());
        assert_eq!(platform.manage(5, None, None).err(), Some(0x30));
        assert_eq!(seen, [credential(&one), credential(&two)]);

        let renamed = |handle: u8| text_map([("id", Value::from(vec![handle])), ("name", Value::from("new"))]);
        let update = entries(vec![(2, credential(&one)), (3, renamed(2))]);
        assert_eq!(platform.manage(7, Some(update), Some(&token)).err(), Some(0x02), "another account's");
        let update = entries(vec![(2, credential(&one)), (3, renamed(1))]);
        platform.manage(7, Some(update), Some(&token)).unwrap();
        let names: Vec<_> = platform
            .authenticator
            .store()
            .passkeys()
            .iter()
            .map(|held| held.user.name.clone().unwrap().to_string())
            .collect();
        assert_eq!(names, ["new", "user 2"]);

        platform.manage(6, Some(entries(vec![(2, credential(&one))])), Some(&token)).unwrap();
        let missing = platform.manage(6, Some(entries(vec![(2, credential(&one))])), Some(&token));
        assert_eq!(missing.err(), Some(0x2e));
        assert_eq!(platform.authenticator.store().passkeys().len(), 1);
    }
}

#[test]
fn threat_program_nothing_is_told_or_changed_without_a_token_that_allows_it() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let one = platform.register(1);
    let delete = || Some(entries(vec![(2, credential(&one))]));
    for (subcommand, parameters) in [(1, None), (2, None), (4, Some(hash_of_rp())), (6, delete())] {
        assert_eq!(platform.manage(subcommand, parameters.clone(), None).err(), Some(0x36));
        let other = platform.token(LBW);
        assert_eq!(platform.manage(subcommand, parameters.clone(), Some(&other)).err(), Some(0x33));
        assert_eq!(platform.manage(subcommand, parameters, Some(&[0; 32])).err(), Some(0x33));
    }
    assert_eq!(platform.manage(3, None, None).err(), Some(0x30));
    assert_eq!(platform.authenticator.store().passkeys().len(), 1);
}

#[test]
fn threat_program_a_token_for_one_relying_party_manages_its_passkeys_alone() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let one = platform.register(1);
    let token = platform.token_for(PIN, CM, Some("example.com")).unwrap();
    assert_eq!(platform.manage(1, None, Some(&token)).err(), Some(0x33), "it is not for all");
    assert_eq!(platform.manage(4, Some(hash_of_rp()), Some(&token)).err(), Some(0x33));
    assert_eq!(platform.manage(6, Some(entries(vec![(2, credential(&one))])), Some(&token)).err(), Some(0x33));
    let token = platform.token_for(PIN, CM, Some("example.org")).unwrap();
    assert!(platform.manage(4, Some(hash_of_rp()), Some(&token)).is_ok());
    assert!(platform.manage(6, Some(entries(vec![(2, credential(&one))])), Some(&token)).is_ok());
}

#[test]
fn another_command_ends_a_listing() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    platform.register(1);
    platform.register(2);
    let token = platform.token(CM);
    platform.manage(4, Some(hash_of_rp()), Some(&token)).unwrap();
    platform.raw(&[0x04], &mut Touch).unwrap();
    assert_eq!(platform.manage(5, None, None).err(), Some(0x30));
}

/// CTAP 2.2: a platform may show what is here for as long as the PIN is the same.
#[test]
fn a_persistent_token_reads_across_power_cycles_and_changes_nothing() {
    for protocol in BOTH {
        let mut platform = Platform::with_pin(protocol);
        let token = platform.token_for(PIN, PCMR, None).unwrap();
        let one = platform.register(1);
        platform.authenticator.power_cycle(UnixMillis(0)).unwrap();
        assert_eq!(platform.manage(1, None, Some(&token)).unwrap().required(1), Ok(1.into()));
        assert!(platform.manage(4, Some(hash_of_rp()), Some(&token)).is_ok());
        assert_eq!(platform.manage(6, Some(entries(vec![(2, credential(&one))])), Some(&token)).err(), Some(0x33));
        assert_eq!(platform.token_for(PIN, PCMR, None), Ok(token), "it is the same each time");
        platform.change_pin(PIN, "5678").unwrap();
        assert_eq!(platform.manage(1, None, Some(&token)).err(), Some(0x33), "it goes with the PIN");
    }
}

/// Whoever did not prove anything is told nothing of what another may see.
#[test]
fn another_platform_does_not_continue_a_listing() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    platform.register(1);
    platform.register(2);
    let token = platform.token(CM);
    platform.manage(4, Some(hash_of_rp()), Some(&token)).unwrap();
    let next = [vec![0x0a], cbor::encode(&entries(vec![(1, 5.into())])).unwrap()].concat();
    let now = UnixMillis(platform.now);
    let answer = platform.authenticator.call_on(Channel(7), &next, &mut Touch, &|| now);
    assert_eq!(answer, [0x30]);
}

/// libfido2 before 1.15 sends the number that it had in drafts.
#[test]
fn the_number_of_the_drafts_is_served_too() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let token = platform.token(CM);
    let mac = platform.mac(&token, &[1]);
    let metadata = entries(vec![(1, 1.into()), (3, platform.number()), (4, mac)]);
    assert_eq!(platform.send(0x41, metadata).unwrap().required(1), Ok(0.into()));
}
