use keyfold_client::{
    device::Passphrase,
    exchange::{self, ExchangeError, Setback},
};
use keyfold_tests::sdk::{Hosted, Member};
use serde_json::{Value, json};

use crate::document::{account, export, export_encrypted, file, import, item, passkey, plain, read, sorted};

#[tokio::test]
async fn passkeys_that_count_are_left_out_and_named() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let counting = |member: &str, value: Value| {
        let mut counting = passkey("shop.example", "AAAAAAAAAAAAAAAAAAAAAA");
        counting[member] = value;
        item("YQ", &[counting])
    };
    for (member, value) in [("counter", json!(1)), ("signCount", json!("7")), ("SignatureCounter", json!(4e9))] {
        let plan = import(&device, &file(&[counting(member, value)])).await;
        assert_eq!((plan.passkeys.len(), plan.left_out.len()), (0, 1));
        assert_eq!((plan.left_out[0].title.as_str(), plan.left_out[0].why), ("YQ", Setback::Counter));
    }
    let exported = export(&device).await;
    assert_eq!(exported["accounts"][0]["items"][0]["credentials"], json!([]), "not given back either: {exported}");
    for strange in [json!(true), json!(""), json!([0])] {
        let plan = import(&device, &file(&[counting("counter", strange)])).await;
        assert_eq!((plan.passkeys.len(), plan.left_out[0].why.is_kept()), (0, true), "{plan:?}");
    }
    for zero in [json!(0), json!(0.0), json!("00"), json!(null)] {
        let device = Member::founded(&server, "another").await;
        assert_eq!(import(&device, &file(&[counting("counter", zero)])).await.passkeys.len(), 1);
    }
}

#[tokio::test]
async fn a_passkey_that_cannot_be_used_here_is_kept_and_named() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let changed = |change: fn(&mut Value)| {
        let mut changed = passkey("shop.example", "AAAAAAAAAAAAAAAAAAAAAA");
        change(&mut changed);
        changed
    };
    let cases = [
        // RSA's identifier, Ed448's, and the half of a key.
        changed(|passkey| passkey["key"] = json!("MC4CAQAwBQYDK2VxBCIEINTuctv5E1hK1bbY8fdp-K06_nwoy_HU--CXqI9EdVhC")),
        changed(|passkey| passkey["key"] = json!("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp")),
        changed(|passkey| passkey["credentialId"] = json!("AAAA")),
        changed(|passkey| passkey["userHandle"] = json!("")),
        changed(|passkey| passkey["rpId"] = json!("büro.example")),
        changed(|passkey| passkey["username"] = json!("a".repeat(1_025))),
        changed(|passkey| passkey["ofTheFuture"] = json!("a".repeat(9_000))),
        changed(|passkey| drop(passkey.as_object_mut().unwrap().remove("rpId"))),
        changed(|passkey| passkey["fido2Extensions"]["hmacCredentials"]["algorithm"] = json!("hmac-sha512")),
        changed(|passkey| passkey["fido2Extensions"]["hmacCredentials"]["credWithUV"] = json!("AQEB")),
        changed(|passkey| passkey["fido2Extensions"]["credBlob"] = json!("A".repeat(2_000))),
        changed(|passkey| {
            passkey["fido2Extensions"]["largeBlob"] = json!({ "uncompressedSize": 1, "data": "A".repeat(50_000) });
        }),
    ];
    let items: Vec<Value> =
        (0..).zip(&cases).map(|(number, case)| numbered(number, std::slice::from_ref(case))).collect();
    let exchanged = file(&items);
    let plan = import(&device, &exchanged).await;
    assert_eq!((plan.passkeys.len(), plan.others, plan.left_out.len()), (0, 12, 12), "{:?}", plan.left_out);
    assert!(plan.left_out.iter().all(|left| left.why.is_kept()));
    device.sync().await;
    assert_eq!(plain(export(&device).await["accounts"][0].clone()), sorted(exchanged["accounts"][0].clone()));
}

#[tokio::test]
async fn what_cannot_be_kept_is_named_and_the_rest_comes() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let note = |length: usize| json!({ "type": "note", "content": "n".repeat(length) });
    let exchanged = file(&[
        numbered(0, &[note(61_440)]),
        json!({ "title": "no id", "credentials": [] }),
        json!({ "id": "A".repeat(88), "title": "long id", "credentials": [] }),
        json!({ "id": "YQ", "title": "no credentials" }),
        numbered(1, &[passkey("a.example", "AAAAAAAAAAAAAAAAAAAAAA"), note(60_000)]),
        numbered(1, &[note(1)]),
    ]);
    let plan = import(&device, &exchanged).await;
    let why: Vec<_> = plan.left_out.iter().map(|left| (left.title.as_str(), left.why)).collect();
    assert_eq!(
        why,
        [
            ("AAAAAA", Setback::TooLarge),
            ("no id", Setback::NoItem),
            ("long id", Setback::NoItem),
            ("no credentials", Setback::NoItem),
            ("AQAAAA", Setback::SameId),
        ]
    );
    assert_eq!((plan.passkeys.len(), plan.others), (1, 1));
    device.sync().await;
    let contents = device.contents().await;
    assert!(contents.unreadable.is_empty(), "{:?}", contents.unreadable);

    // The id is another passkey's here: neither is exchanged for the other.
    let mut other = passkey("a.example", "AAAAAAAAAAAAAAAAAAAAAA");
    other["userHandle"] = json!("YmVu");
    let plan = import(&device, &file(&[numbered(9, &[other])])).await;
    assert_eq!((plan.passkeys.len(), plan.left_out[0].why), (0, Setback::Conflict));
    let elsewhere = passkey("evil.example", "AAAAAAAAAAAAAAAAAAAAAA");
    let plan = import(&device, &file(&[numbered(10, &[elsewhere])])).await;
    assert_eq!((plan.passkeys.len(), plan.left_out[0].why), (0, Setback::Conflict));
}

/// One of them cannot be given back: that is said, and not left to chance.
#[tokio::test]
async fn two_accounts_of_one_id_are_one_and_the_other_is_named() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let mut exchanged = file(&[numbered(1, &[json!({ "type": "note", "content": "one" })])]);
    let mut second = account(&[
        numbered(1, &[json!({ "type": "note", "content": "two" })]),
        numbered(2, &[json!({ "type": "note" })]),
    ]);
    second["username"] = json!("ben");
    exchanged["accounts"].as_array_mut().unwrap().push(second);
    let plan = import(&device, &exchanged).await;
    let why: Vec<_> = plan.left_out.iter().map(|left| (left.title.as_str(), left.why)).collect();
    assert_eq!(why, [("AQAAAA", Setback::SameId), ("ben", Setback::SameId)]);
    let given_back = export(&device).await;
    assert_eq!((&given_back["accounts"][0]["username"], plan.others), (&json!("ana"), 2));
    assert_eq!(given_back["accounts"][0]["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_file_of_endless_parts_is_refused() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let many = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
    let of = |items: &str| format!(r#"{{"id":"YQ","items":{items}}}"#);
    assert!(matches!(refusal(&device, &of(&many(exchange::MAX_PARTS + 1))), ExchangeError::Json(_)));
    let one = format!(r#"{{"id":"YQ","credentials":{}}}"#, many(exchange::MAX_PARTS / 2));
    assert_eq!(refusal(&device, &of(&format!("[{one},{one}]"))), ExchangeError::TooMany);
}

#[tokio::test]
async fn what_is_no_exchange_file_changes_nothing() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let mut next = file(&[]);
    next["version"]["major"] = json!(2);
    assert_eq!(refusal(&device, &next.to_string()), ExchangeError::Version { major: 2, minor: 0 });
    for text in ["", "[]", "{}", "\u{0}", "{\"accounts\":[]}", "{\"accounts\":[],\"accounts\":[]}", "{\"items\":[]}"] {
        let error = refusal(&device, text);
        assert!(matches!(error, ExchangeError::Json(_) | ExchangeError::Form(_)), "{text}: {error:?}");
    }
    for broken in [json!({ "accounts": 1 }), json!([1])] {
        let mut exchanged = file(&[]);
        exchanged["accounts"] = broken;
        assert!(matches!(refusal(&device, &exchanged.to_string()), ExchangeError::Form(_)));
    }
    let deep = "[".repeat(200_000);
    assert!(matches!(refusal(&device, &format!("{{\"items\":{deep}")), ExchangeError::Json(_)));
    assert!(matches!(read(&device, &[0xff, 0xfe]).err(), Some(ExchangeError::Json(_))));
    assert_eq!(read(&device, &vec![b' '; exchange::MAX_FILE + 1]).err(), Some(ExchangeError::TooLarge));
    assert!(device.contents().await.items.is_empty());
}

#[tokio::test]
async fn an_encrypted_file_opens_by_its_passphrase_alone() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    import(&device, &account(&[item("YQ", &[passkey("a.example", "AAAAAAAAAAAAAAAAAAAAAA")])])).await;
    let encrypted = export_encrypted(&device, "open sesame").await;
    assert!(!encrypted.windows(9).any(|bytes| bytes == b"a.example"));
    let open = |text: &str| exchange::open(&encrypted, &Passphrase::typed(text.to_owned().into()));
    assert_eq!(open("open barley").err(), Some(ExchangeError::WrongPassphrase));
    let other = Member::founded(&server, "other").await;
    let read = read(&other, &open("open sesame").unwrap()).unwrap();
    assert_eq!(other.vault().import(&read).await.unwrap().passkeys.len(), 1);
}

#[track_caller]
fn refusal(device: &Member, text: &str) -> ExchangeError {
    read(device, text.as_bytes()).err().expect("it was read")
}

fn numbered(number: u32, credentials: &[Value]) -> Value {
    item(&data_encoding::BASE64URL_NOPAD.encode(&number.to_le_bytes()), credentials)
}
