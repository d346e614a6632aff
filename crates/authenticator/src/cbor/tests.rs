use ciborium::Value;
use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;

#[test]
fn one_form_of_each_value_is_accepted() {
    for (bytes, what) in [
        ("1817", "23 in two bytes"),
        ("190017", "23 in three bytes"),
        ("1b0000000000000001", "1 in nine bytes"),
        ("3817", "-24 in two bytes where -24 needs one"),
        ("5800", "a length in two bytes"),
        ("7801ff", "text that is not UTF-8"),
        ("9f01ff", "an array of indefinite length"),
        ("bf0102ff", "a map of indefinite length"),
        ("5f4101ff", "bytes of indefinite length"),
        ("7f6161ff", "text of indefinite length"),
        ("a202020101", "keys out of order"),
        ("a2616100", "a map that ends too early"),
        ("a262616100616200", "a longer key before a shorter one"),
        ("a261610001 00", "text before an integer"),
        ("a22000 0100", "a negative key before a positive one"),
        ("a201000100", "a key twice"),
        ("a1410100", "bytes as a key"),
        ("a1f400", "a simple value as a key"),
        ("c000", "a tag"),
        ("c249010000000000000000", "a bignum"),
        ("f7", "undefined"),
        ("f820", "a simple value"),
        ("fb3ff0000000000000", "a float longer than needed"),
        ("ff", "a break alone"),
        ("0101", "two items"),
        ("", "nothing"),
        ("8181818180", "five levels"),
        ("a101a101a101a101a0", "five levels of maps"),
    ] {
        let bytes = HEXLOWER.decode(bytes.replace(' ', "").as_bytes()).unwrap();
        assert_eq!(decode(&bytes), Err(CtapError::InvalidCbor), "{what}");
    }
}

#[test]
fn canonical_order_is_type_then_length_then_bytes() {
    let keys: [Value; 8] =
        [10.into(), 100.into(), (-1).into(), (-25).into(), "z".into(), "aa".into(), "ab".into(), "aaa".into()];
    let map = Value::Map(keys.iter().rev().map(|key| (key.clone(), Value::Null)).collect());
    let Value::Map(sorted) = decode(&encode(&map).unwrap()).unwrap() else { unreachable!() };
    assert_eq!(sorted.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), keys);
}

#[test]
fn four_levels_are_the_limit_both_ways() {
    assert!(decode(&[0x81, 0x81, 0x81, 0x80]).is_ok());
    let nested = (0..5).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    assert_eq!(encode(&nested), Err(CtapError::Other));
}

#[test]
fn a_message_may_have_65536_bytes_and_not_one_more() {
    let of_length = |length: usize| encode(&Value::from(vec![7; length])).unwrap();
    assert!(decode(&of_length(65_533)).is_ok());
    assert_eq!(of_length(65_533).len(), 65_536);
    assert_eq!(decode(&of_length(65_534)), Err(CtapError::RequestTooLarge));
}

#[test]
fn a_length_that_promises_too_much_costs_nothing() {
    for head in [0x5b, 0x7b, 0x9b, 0xbb] {
        let mut bytes = vec![head];
        bytes.extend(u64::MAX.to_be_bytes());
        assert_eq!(decode(&bytes), Err(CtapError::InvalidCbor));
    }
    assert_eq!(decode(&[0x81; 65_536]), Err(CtapError::InvalidCbor));
}

#[test]
fn members_of_the_wrong_type_are_told_apart() {
    let unexpected = Err(CtapError::UnexpectedType);
    assert_eq!(bytes(Value::Null).map(drop), unexpected);
    assert_eq!(text(Value::Null).map(drop), unexpected);
    assert_eq!(boolean(Value::Null).map(drop), unexpected);
    assert_eq!(array(Value::Null).map(drop), unexpected);
    assert_eq!(integer(Value::Null).map(drop), unexpected);
    assert_eq!(Fields::of(Value::Null).map(drop), unexpected);
    assert_eq!(integer(Value::from(u64::MAX)), Err(CtapError::InvalidParameter));
}

/// Whatever CTAP2 can say, within its depth.
fn message() -> impl Strategy<Value = Value> {
    let key = prop_oneof![any::<i64>().prop_map(Value::from), "[a-zA-Z]{0,30}".prop_map(Value::from)];
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<Vec<u8>>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 64, 8, move |inner| {
        let map = prop::collection::vec((key.clone(), inner.clone()), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(Value::Array),
            map.prop_filter_map("keys are unique", |entries| {
                let unique = entries
                    .iter()
                    .enumerate()
                    .all(|(position, (key, _))| entries.iter().skip(position + 1).all(|(other, _)| other != key));
                unique.then_some(Value::Map(entries))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in message()) {
        let bytes = encode(&value).unwrap();
        let read = decode(&bytes).unwrap();
        prop_assert_eq!(encode(&read).unwrap(), bytes);
    }

    #[test]
    fn a_message_cut_short_or_with_more_behind_is_refused(value in message(), cut in any::<prop::sample::Index>(), more: u8) {
        let mut bytes = encode(&value).unwrap();
        prop_assert!(decode(&bytes[..cut.index(bytes.len())]).is_err());
        bytes.push(more);
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn bytes_that_are_read_are_the_only_form_of_their_value(bytes: Vec<u8>) {
        if let Ok(value) = decode(&bytes) {
            prop_assert_eq!(encode(&value).unwrap(), bytes);
        }
    }

    #[test]
    fn a_message_with_any_byte_changed_never_panics(value in message(), position in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = encode(&value).unwrap();
        let position = position.index(bytes.len());
        bytes[position] = byte;
        if let Ok(value) = decode(&bytes) {
            prop_assert_eq!(encode(&value).unwrap(), bytes);
        }
    }
}
