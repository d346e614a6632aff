use super::*;

#[test]
fn a_platform_asks_for_each_of_several_passkeys_in_turn_the_newest_first() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let ids: Vec<Vec<u8>> = (1..=3)
        .map(|handle| {
            platform.now += 1;
            platform.register(handle)
        })
        .collect();
    let token = platform.token(GA);
    let request = platform.assertion(Vec::new(), Some(&token));
    let mut first = platform.send(0x02, request).unwrap();
    assert_eq!(first.required(5), Ok(3.into()), "numberOfCredentials");
    assert_eq!(first.optional(6), None);
    let mut seen = vec![credential_of(&mut first)];
    for _ in 0..2 {
        let mut next = platform.raw(&[0x08], &mut nobody_is_asked).unwrap();
        assert_eq!(next.optional(5), None);
        let data = bytes(next.required(2).unwrap()).unwrap();
        assert_eq!(data[32] & 0x05, 0x05, "the user agreed and was verified once for all");
        seen.push(credential_of(&mut next));
    }
    assert_eq!(seen, ids.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(platform.raw(&[0x08], &mut Touch).err(), Some(0x30), "NOT_ALLOWED: there are no more");
}

#[test]
fn another_command_or_half_a_minute_ends_the_turn() {
    for interrupt in [true, false] {
        let mut platform = Platform::with_pin(PinProtocol::Two);
        platform.register(1);
        platform.register(2);
        let token = platform.token(GA);
        let request = platform.assertion(Vec::new(), Some(&token));
        platform.send(0x02, request).unwrap();
        if interrupt {
            platform.raw(&[0x04], &mut Touch).unwrap();
        } else {
            platform.now += 30_000;
        }
        assert_eq!(platform.raw(&[0x08], &mut Touch).err(), Some(0x30));
    }
}

#[test]
fn who_names_passkeys_gets_one_of_them_and_no_choice() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let (one, two) = (platform.register(1), platform.register(2));
    let token = platform.token(GA);
    let request = platform.assertion(vec![(3, named(&[&one, &two]))], Some(&token));
    let mut answer = platform.send(0x02, request).unwrap();
    assert_eq!(answer.optional(5), None);
    assert_eq!(platform.raw(&[0x08], &mut Touch).err(), Some(0x30));
}

fn credential_of(answer: &mut Fields) -> Vec<u8> {
    bytes(Fields::of(answer.required(1).unwrap()).unwrap().required("id").unwrap()).unwrap()
}
