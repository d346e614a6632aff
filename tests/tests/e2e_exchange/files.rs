use credential_exchange_format::{Credential, Header};
use keyfold_client::item::FieldTag;
use keyfold_tests::{
    sdk::{DAY, Hosted, Member},
    vectors,
};
use serde_json::{Value, json};

use crate::document::{account, export, file, import, item, passkey, plain, read, sorted};

#[tokio::test]
async fn what_another_program_exported_is_given_back_unchanged() {
    let Some(example) = vectors("cxf/cxf_example.json") else { return };
    let example: Value = serde_json::from_slice(&example).unwrap();
    let server = Hosted::start().await;
    for form in [example.clone(), example["accounts"][0].clone()] {
        let device = Member::founded(&server, "laptop").await;
        let plan = import(&device, &form).await;
        assert_eq!((plan.passkeys.len(), plan.others, plan.left_out.len()), (1, 13, 0), "{plan:?}");
        device.sync().await;
        let given_back = export(&device).await;
        assert_eq!(given_back["accounts"].as_array().unwrap().len(), 1, "{given_back}");
        let mut given_back = plain(given_back["accounts"][0].clone());
        // The file's passkey has PRF keys of a form that was given up before version 1; it was given new ones.
        for item in given_back["items"].as_array_mut().unwrap() {
            if let Some(extensions) = item.pointer_mut("/credentials/0/fido2Extensions") {
                assert!(extensions.as_object_mut().unwrap().remove("hmacCredentials").is_some());
            }
        }
        assert_eq!(given_back, sorted(example["accounts"][0].clone()));
    }
}

#[tokio::test]
async fn everything_that_a_passkey_carries_comes_and_goes_with_it() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let mut rich = passkey("shop.example", "AAAAAAAAAAAAAAAAAAAAAA");
    rich["fido2Extensions"]["credBlob"] = json!("Y3JlZCBibG9i");
    rich["fido2Extensions"]["largeBlob"] = json!({ "uncompressedSize": 5, "data": "y0jNyckHAA" });
    rich["fido2Extensions"]["payments"] = json!(true);
    rich["fido2Extensions"]["ofTheFuture"] = json!({ "a": [1.50, "b"] });
    rich["ofTheFuture"] = json!("kept");
    rich["fido2Extensions"]["hmacCredentials"]["more"] = json!({ "a": 1 });
    rich["fido2Extensions"]["largeBlob"]["more"] = json!(null);
    let mut several = item(
        "c2V2ZXJhbA",
        &[
            json!({ "type": "basic-auth", "username": { "fieldType": "string", "value": "ana" } }),
            rich.clone(),
            json!({ "type": "of-the-future", "secret": 1e2 }),
            passkey("bank.example", "AQAAAAAAAAAAAAAAAAAAAA"),
        ],
    );
    several["tags"] = json!(["work"]);
    several["extensions"] = json!([{ "name": "shared", "accessors": [] }]);
    let mut alone = item("YWxvbmU", &[passkey("club.example", "AgAAAAAAAAAAAAAAAAAAAA")]);
    alone["scope"] = json!({ "urls": ["https://club.example/join"], "androidApps": [] });
    alone["favorite"] = json!(true);
    let exchanged = [several, alone, item("bm9uZQ", &[])].into_iter().chain(with_strange_extensions());
    let mut exchanged = account(&exchanged.collect::<Vec<_>>());
    exchanged["collections"] = json!([{ "id": "Yw", "title": "Work", "items": [{ "item": "YWxvbmU" }] }]);

    let plan = import(&device, &exchanged).await;
    assert_eq!((plan.passkeys.len(), plan.others), (5, 3), "{plan:?}");
    device.sync().await;
    let phone = Member::enrolled(&server, "phone", &device).await;
    for device in [&device, &phone] {
        let given_back = export(device).await;
        assert_eq!(plain(given_back["accounts"][0].clone()), sorted(exchanged.clone()));
    }

    // And what people say of it here goes with it.
    let contents = phone.contents().await;
    let club = contents.passkeys().find(|(_, passkey)| passkey.rp_id == "club.example").unwrap().0.id;
    phone.label(club, "Chess club").await;
    let given_back = export(&phone).await;
    let mut expected = sorted(exchanged);
    let club = expected["items"].as_array_mut().unwrap().iter_mut().find(|item| item["id"] == "YWxvbmU").unwrap();
    club["title"] = json!("Chess club");
    assert_eq!(plain(given_back["accounts"][0].clone()), expected);
}

/// Whatever stands where extensions should.
fn with_strange_extensions() -> Vec<Value> {
    let strange = [
        ("c3RyYW5nZTE", "AwAAAAAAAAAAAAAAAAAAAA", json!({ "vendor": "keep" })),
        ("c3RyYW5nZTI", "BAAAAAAAAAAAAAAAAAAAAA", json!([{ "name": "vendor", "x": 1 }, "keep", 1.50])),
    ];
    let with = strange.map(|(id, credential, extensions)| {
        let mut item = item(id, &[passkey("odd.example", credential)]);
        item["extensions"] = extensions;
        item
    });
    let mut note = item("bm90ZQ", &[json!({ "type": "note" })]);
    note["extensions"] = json!([{ "name": "keyfold", "other": "theirs" }]);
    with.into_iter().chain([note]).collect()
}

#[tokio::test]
async fn what_is_left_of_an_item_keeps_its_order_and_all_that_was_said_of_it() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let (one, two) =
        (passkey("one.example", "AAAAAAAAAAAAAAAAAAAAAA"), passkey("two.example", "AQAAAAAAAAAAAAAAAAAAAA"));
    let mut counting = passkey("three.example", "AgAAAAAAAAAAAAAAAAAAAA");
    counting["counter"] = json!(7);
    let (first, last) = (json!({ "type": "note", "content": 1 }), json!({ "type": "note", "content": 2 }));
    let mut mixed = item("bWl4ZWQ", &[counting, one, first.clone(), two.clone(), last.clone()]);
    mixed["tags"] = json!(["work"]);
    mixed["favorite"] = json!(true);
    import(&device, &account(&[mixed.clone()])).await;
    device.sync().await;
    let contents = device.contents().await;
    let id = |rp_id: &str| contents.passkeys().find(|(_, passkey)| passkey.rp_id == rp_id).unwrap().0.id;
    device.vault().delete(&[id("one.example")]).await.unwrap();
    device.label(id("two.example"), "my own name").await;
    let document = export(&device).await;
    mixed["credentials"] = json!([first, two.clone(), last]);
    assert_eq!(plain(document["accounts"][0].clone()), sorted(account(&[mixed.clone()])));

    // Its notes are deleted: what was said of it stays, and so does what the user calls the passkey.
    let notes: Vec<_> = contents.live().filter(|item| has_item(item) && item.item.passkey().is_none()).collect();
    device.vault().delete(&[notes[0].id]).await.unwrap();
    let document = export(&device).await;
    mixed["credentials"] = json!([two]);
    mixed["title"] = json!("my own name");
    assert_eq!(plain(document["accounts"][0].clone()), sorted(account(&[mixed])));
    let other = Member::founded(&server, "other").await;
    let plan = import(&other, &document).await;
    let there = other.vault().passkey(plan.passkeys[0].id).await.unwrap();
    assert_eq!(there.item.fields.text(FieldTag::Label), "my own name");
}

/// Both imported the same file before either had heard of the other.
#[tokio::test]
async fn two_devices_that_import_the_same_have_it_once() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "laptop").await;
    let phone = Member::enrolled(&server, "phone", &laptop).await;
    laptop.sync().await;
    let mut no_prf = passkey("shop.example", "AAAAAAAAAAAAAAAAAAAAAA");
    no_prf.as_object_mut().unwrap().remove("fido2Extensions");
    let note = item("Yg", &[json!({ "type": "note", "content": 1 })]);
    let exchanged = file(&[item("YQ", &[no_prf]), note.clone()]);
    for device in [&laptop, &phone] {
        assert_eq!(import(device, &exchanged).await.passkeys.len(), 1);
    }
    laptop.sync().await;
    phone.sync().await;
    laptop.sync().await;
    for device in [&laptop, &phone] {
        assert_eq!(device.contents().await.passkeys().count(), 1);
        let items = export(device).await["accounts"][0]["items"].as_array().unwrap().clone();
        assert_eq!(items.iter().filter(|item| item["id"] == "Yg").collect::<Vec<_>>(), [&note]);
        assert_eq!(items.len(), 2);
    }
    let prf = async |device: &Member| {
        let contents = device.contents().await;
        contents.passkeys().next().unwrap().1.secrets().unwrap().cred_random_with_uv.clone()
    };
    assert_eq!(prf(&laptop).await, prf(&phone).await);
}

#[tokio::test]
async fn a_passkey_made_here_is_the_same_in_another_vault() {
    let server = Hosted::start().await;
    let (one, other) = (Member::founded(&server, "one").await, Member::founded(&server, "other").await);
    let id = one.add("shop.example").await;
    for (tag, text) in [
        (FieldTag::UserName, "ana"),
        (FieldTag::UserDisplayName, "Ana"),
        (FieldTag::RpName, "The Shop"),
        (FieldTag::Label, "shopping"),
    ] {
        one.vault().set(id, tag, text.into()).await.unwrap();
    }
    one.signs_in(id).await;
    let document = export(&one).await;
    let imported = import(&other, &document).await;
    let (here, there) = (one.vault().passkey(id).await.unwrap(), other.vault().passkey(imported.passkeys[0].id).await);
    let (here, there) = (here.item, there.unwrap().item);
    for tag in [FieldTag::UserName, FieldTag::UserDisplayName, FieldTag::RpName, FieldTag::Label, FieldTag::LastUsed] {
        assert_eq!(here.fields.value(tag), there.fields.value(tag), "{tag:?}");
    }
    let (here, there) = (here.passkey().unwrap(), there.passkey().unwrap());
    assert_eq!(
        (&here.rp_id, &here.credential_id, &here.user_handle, here.algorithm, here.created_at),
        (&there.rp_id, &there.credential_id, &there.user_handle, there.algorithm, there.created_at)
    );
    assert!(here.secrets().unwrap() == there.secrets().unwrap());

    // The crate for the format reads every word of it.
    let header: Header = serde_json::from_str(&document.to_string()).unwrap();
    assert_eq!((header.version.major, header.exporter_display_name.as_str()), (1, "Keyfold"));
    assert_eq!(header.exporter_rp_id, "localhost");
    assert!(matches!(header.accounts[0].items[0].credentials[0], Credential::Passkey(_)));
}

#[tokio::test]
async fn what_is_deleted_is_not_exported_and_can_be_imported_again() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let exchanged = file(&[
        item("YQ", &[passkey("a.example", "AAAAAAAAAAAAAAAAAAAAAA")]),
        item("Yg", &[json!({ "type": "note", "content": { "fieldType": "string", "value": "one" } })]),
    ]);
    import(&device, &exchanged).await;
    device.sync().await;
    let gone: Vec<_> = device.contents().await.live().filter(|item| has_item(item)).map(|item| item.id).collect();
    assert_eq!(gone.len(), 2);
    device.vault().delete(&gone).await.unwrap();
    assert_eq!(export(&device).await["accounts"][0]["items"], json!([]));
    let again = import(&device, &exchanged).await;
    assert_eq!((again.passkeys.len(), again.others, again.present), (1, 1, 0));
    assert_eq!(plain(export(&device).await["accounts"][0].clone()), sorted(exchanged["accounts"][0].clone()));

    // A newer version of a note takes the place of the one that is here.
    let newer = file(&[item("Yg", &[json!({ "type": "note", "content": { "fieldType": "string", "value": "two" } })])]);
    let plan = import(&device, &newer).await;
    assert_eq!((plan.passkeys.len(), plan.others, plan.present), (0, 1, 0));
    let items = export(&device).await["accounts"][0]["items"].clone();
    let notes: Vec<_> = items.as_array().unwrap().iter().filter(|item| item["id"] == "Yg").collect();
    assert_eq!((notes.len(), &notes[0]["credentials"][0]["content"]["value"]), (1, &json!("two")));
    assert_eq!(plan.replaced, ["Yg"], "and it is said which");
}

/// Its id is used up then.
#[tokio::test]
async fn what_was_purged_can_be_imported_again() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let exchanged = file(&[item("YQ", &[passkey("a.example", "AAAAAAAAAAAAAAAAAAAAAA")])]);
    for time in 0..3 {
        assert_eq!(import(&device, &exchanged).await.passkeys.len(), 1, "{time}");
        device.sync().await;
        let contents = device.contents().await;
        let ids: Vec<_> = contents.passkeys().map(|(item, _)| item.id).collect();
        assert_eq!(ids.len(), 1, "{time}");
        device.vault().delete(&ids).await.unwrap();
        device.sync().await;
        server.time.pass(31 * DAY);
        assert_eq!(device.sync().await.items_purged, 1, "{time}");
    }
}

fn has_item(item: &keyfold_client::vault::VaultItem) -> bool {
    use keyfold_client::item::Content;
    match &item.item.content {
        Content::Passkey(_) => true,
        Content::Foreign(foreign) => foreign.from.item.is_some(),
        Content::Export(_) => false,
    }
}

/// All of it or nothing, and as much as there is.
#[tokio::test]
async fn a_thousand_passkeys_come_and_go_at_once() {
    let server = Hosted::start().await;
    let device = Member::founded(&server, "laptop").await;
    let items: Vec<Value> = (0..1_000)
        .map(|number| {
            let id = data_encoding::BASE64URL_NOPAD.encode(format!("credential {number:05}").as_bytes());
            item(&id, &[passkey("shop.example", &id)])
        })
        .collect();
    let exchanged = file(&items);
    assert_eq!(import(&device, &exchanged).await.passkeys.len(), 1_000);
    assert_eq!(device.sync().await.items_pushed, 1_001);
    assert_eq!(plain(export(&device).await["accounts"][0].clone()), sorted(exchanged["accounts"][0].clone()));
    let again = read(&device, exchanged.to_string().as_bytes()).unwrap();
    let again = device.vault().plan_import(&again).await.unwrap();
    assert_eq!((again.passkeys.len(), again.present), (0, 1_000));
}
