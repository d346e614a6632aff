use keyfold_tests::sdk::{Hosted, Member};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::document::{account, export, import, item, passkey, plain, sorted};

/// JSON as anybody may write it.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!("\u{0}\"\\\n")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A credential: a passkey, with more than this version knows, or of another type.
fn any_credential(number: usize) -> impl Strategy<Value = Value> {
    let id = data_encoding::BASE64URL_NOPAD.encode(format!("credential {number:06}").as_bytes());
    let usable = (any_json(), any_json(), any_json()).prop_map(move |(a, b, c)| {
        let mut usable = passkey("shop.example", &id);
        usable["more"] = a;
        usable["fido2Extensions"]["more"] = b;
        usable["fido2Extensions"]["hmacCredentials"]["more"] = c;
        usable
    });
    let other = ("[a-o][a-z]{0,6}", any_json()).prop_map(|(kind, said)| json!({ "type": kind, "said": said }));
    prop_oneof![usable, other]
}

fn any_item(number: usize) -> impl Strategy<Value = Value> {
    let credentials: Vec<_> = (0..3).map(|place| any_credential(number * 3 + place)).collect();
    let members = (any_json(), prop::option::of(any_json()), "\\PC{0,12}", 0..4_usize);
    (credentials, members).prop_map(move |(mut credentials, (tags, extensions, title, count))| {
        credentials.truncate(count);
        let mut item = item(&data_encoding::BASE64URL_NOPAD.encode(&number.to_le_bytes()), &credentials);
        item["title"] = title.into();
        item["tags"] = tags;
        if let Some(extensions) = extensions {
            item["extensions"] = extensions;
        }
        item
    })
}

#[tokio::test]
async fn whatever_a_file_says_is_given_back() {
    let server = Hosted::start().await;
    let (device, other) = (Member::founded(&server, "laptop").await, Member::founded(&server, "other").await);
    let mut runner = TestRunner::deterministic();
    for case in 0..CASES {
        let items = (4 * case..4 * case + 4).map(any_item).collect::<Vec<_>>();
        let mut exchanged = account(&items.new_tree(&mut runner).unwrap().current());
        exchanged["id"] = data_encoding::BASE64URL_NOPAD.encode(&case.to_le_bytes()).into();
        let given_back = goes_through(&device, &exchanged).await;
        assert_eq!(plain(given_back.clone()), plain(exchanged.clone()), "{exchanged}");
        assert_eq!(goes_through(&other, &given_back).await, given_back, "{exchanged}");
    }
}

/// The same account, imported and exported again.
async fn goes_through(device: &Member, exchanged: &Value) -> Value {
    let plan = import(device, exchanged).await;
    assert!(plan.left_out.is_empty(), "{:?}", plan.left_out);
    let document = export(device).await;
    let account = document["accounts"].as_array().unwrap().iter().find(|account| account["id"] == exchanged["id"]);
    sorted(account.unwrap().clone())
}

const CASES: usize = 48;
