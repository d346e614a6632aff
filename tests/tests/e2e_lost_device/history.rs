use keyfold_tests::{Server, Shop, exit};

use crate::two_devices;

#[test]
fn a_passkey_is_deleted_shown_as_it_was_and_restored_from_another_device() {
    let server = Server::start();
    let (laptop, phone, shop) = two_devices(&server);
    let passkey = laptop.only_passkey();
    laptop.ok(&["passkey", "rename", &passkey, "shopping"]);
    phone.ok(&["sync"]);
    let deleted = phone.ok(&["passkey", "delete", &passkey, "--yes"]);
    assert!(deleted["restorable_until"].as_str() > deleted["deleted_at"].as_str(), "{deleted}");
    phone
        .run_with(&["webauthn", "get", "--origin", &shop.origin(), "--yes"], &shop.sign_in_options())
        .problem(exit::NOT_ALLOWED);

    laptop.ok(&["sync"]);
    let history = laptop.ok(&["passkey", "history", &passkey]);
    let told: Vec<_> = history["revisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|past| {
            (past["author_name"].as_str().unwrap(), past["label"].as_str().unwrap(), past["deleted"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [("Ana's phone", "shopping", true), ("Ana's laptop", "shopping", false), ("Ana's laptop", "", false),]
    );
    let restored = laptop.ok(&["passkey", "restore", &passkey, "--revision", "1"]);
    assert_eq!((&restored["label"], &restored["deleted_at"]), (&"".into(), &serde_json::Value::Null));
    phone.ok(&["sync"]);
    assert!(shop.judge_sign_in(&phone.sign_in(&shop.origin(), &shop.sign_in_options())).accepted());
    laptop.fails(exit::NOT_FOUND, &["passkey", "restore", &passkey, "--revision", "77"]);
}

#[test]
fn most_of_a_vault_is_not_deleted_by_the_way() {
    let server = Server::start();
    let (laptop, ..) = two_devices(&server);
    for name in ["one.example", "two.example", "three.example"] {
        let shop = Shop::new(name);
        shop.judge_registration(&laptop.make_passkey(&shop.origin(), &shop.registration_options("ana")));
    }
    let listed = laptop.ok(&["passkey", "list"]);
    let ids: Vec<&str> = listed["passkeys"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect();
    let delete = |more: &[&'static str]| {
        let command: Vec<String> =
            ["passkey", "delete"].iter().chain(&ids[..3]).chain(more).map(|&word| word.to_owned()).collect();
        command
    };
    let words = delete(&["--yes"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let refused = laptop.fails(exit::NOT_ALLOWED, &words);
    assert!(refused.contains("--most-of-the-vault"), "{refused}");
    assert_eq!(laptop.ok(&["passkey", "list"])["passkeys"].as_array().unwrap().len(), 4);
    let words = delete(&["--yes", "--most-of-the-vault"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let deleted = laptop.ok(&words);
    assert_eq!(deleted["passkeys"].as_array().unwrap().len(), 3);
    assert_eq!(laptop.ok(&["passkey", "list"])["passkeys"].as_array().unwrap().len(), 1);
}
