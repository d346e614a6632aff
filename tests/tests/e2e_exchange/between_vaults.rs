use std::{fs, path::PathBuf};

use keyfold_tests::{Device, Server, Shop};
use serde_json::{Value, json};

#[test]
fn every_passkey_signs_in_from_another_account_and_its_prf_gives_the_same() {
    let server = Server::start();
    let laptop = Device::founded(&server, "Ana's laptop");
    let shops = [Shop::new("shop.example"), Shop::that_wants_eddsa("bank.example")];
    for shop in &shops {
        let made = laptop.make_passkey(&shop.origin(), &shop.registration_options("ana@example.org"));
        assert!(shop.judge_registration(&made).accepted());
    }
    let before = shops.each_ref().map(|shop| prf(&laptop, shop));
    let file = exported(&laptop);

    let other = Device::founded(&server, "Ben's laptop");
    let imported =
        other.ok(&["import", file.to_str().unwrap(), "--yes", "--file-passphrase-file", &passphrase(&laptop)]);
    assert_eq!((imported["imported"].as_bool(), list(&imported)), (Some(true), vec!["bank.example", "shop.example"]));
    assert_eq!(passkeys(&other), passkeys(&laptop));
    let phone = Device::enrolled(&server, "Ben's phone", &other);
    for device in [&other, &phone] {
        assert_eq!(shops.each_ref().map(|shop| prf(device, shop)), before);
    }
    // Twice is as good as once.
    let again = other.ok(&["import", file.to_str().unwrap(), "--yes", "--file-passphrase-file", &passphrase(&laptop)]);
    assert_eq!((again["present"].as_u64(), list(&again)), (Some(2), vec![]));
}

/// All that is told of the passkeys of a device, but what belongs to the vault they are in.
fn passkeys(device: &Device) -> Vec<Value> {
    let listed = device.ok(&["passkey", "list"]);
    let mut passkeys = listed["passkeys"].as_array().unwrap().clone();
    for passkey in &mut passkeys {
        let passkey = passkey.as_object_mut().unwrap();
        passkey.retain(|name, _| !["id", "created_by", "revision", "state", "backed_up"].contains(&name.as_str()));
    }
    passkeys.sort_by_key(|passkey| passkey["rp_id"].to_string());
    passkeys
}

/// Signs in and gives what the PRF gives; panics unless the shop accepts it.
#[track_caller]
fn prf(device: &Device, shop: &Shop) -> Value {
    let mut options: Value = serde_json::from_str(&shop.sign_in_options()).unwrap();
    options["extensions"] = json!({ "prf": { "eval": { "first": "YQ", "second": "Yg" } } });
    let response = device.sign_in(&shop.origin(), &options.to_string());
    let verdict = shop.judge_sign_in(&response);
    assert!(verdict.accepted(), "{}", verdict.reason());
    let response: Value = serde_json::from_str(&response).unwrap();
    let results = response["clientExtensionResults"]["prf"]["results"].clone();
    assert!(results["first"].is_string() && results["second"].is_string(), "{response}");
    results
}

fn exported(device: &Device) -> PathBuf {
    let file = device.home().join("passkeys.cxf.age");
    fs::write(passphrase(device), "open sesame, the second\n").unwrap();
    let exported = device.ok(&[
        "export",
        file.to_str().unwrap(),
        "--confirm",
        "passkeys.cxf.age",
        "--file-passphrase-file",
        &passphrase(device),
    ]);
    assert_eq!(exported["record"]["passkeys"], 2);
    assert!(fs::read(&file).unwrap().starts_with(b"age-encryption.org/v1"));
    file
}

fn passphrase(device: &Device) -> String {
    device.home().join("file-passphrase").to_str().unwrap().to_owned()
}

fn list(imported: &Value) -> Vec<&str> {
    let mut list: Vec<&str> =
        imported["passkeys"].as_array().unwrap().iter().map(|passkey| passkey["rp_id"].as_str().unwrap()).collect();
    list.sort_unstable();
    list
}
