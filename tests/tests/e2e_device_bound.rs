//! A passkey that stays on one device: that one signs in with it, and the others know of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use keyfold_tests::{Backup, Device, RustShop, Server, exit};
use serde_json::{Value, json};

#[test]
fn threat_rp_only_the_device_that_made_it_signs_in_and_the_others_say_where_it_works() {
    let server = Server::start();
    let laptop = Device::founded(&server, "Ana's laptop");
    let phone = Device::enrolled(&server, "Ana's phone", &laptop);
    let mut shop = RustShop::new("shop.example");
    let options = shop.registration_options("ana@shop.example");
    let made = read(&laptop.make_bound_passkey(shop.origin(), &options.to_string()));
    assert_eq!(shop.register(&made), Backup { eligible: false, state: false });

    phone.ok(&["sync"]);
    laptop.ok(&["sync"]);
    for device in [&laptop, &phone] {
        let listed = device.ok(&["passkey", "list"])["passkeys"][0].clone();
        assert_eq!((&listed["bound_by"], &listed["state"]), (&json!("software"), &json!("synced")));
        assert_eq!((&listed["backup_eligible"], &listed["backed_up"]), (&json!(false), &json!(false)));
        assert_eq!(listed["created_by"], member(&laptop));
        let shown = device.command_for_people(&["passkey", "show", listed["id"].as_str().unwrap()]).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.contains(&format!("device {} only", member(&laptop).as_str().unwrap())), "{shown}");
    }

    let options = shop.sign_in_options();
    let signed = read(&laptop.sign_in(shop.origin(), &options.to_string()));
    let result = shop.judge_sign_in(&signed).unwrap();
    assert!(result.user_verified() && !result.backup_eligible() && !result.backup_state());
    let asked = ["webauthn", "get", "--origin", shop.origin(), "--yes"];
    phone.fails_with(exit::NOT_ALLOWED, &asked, &options.to_string());
}

#[test]
fn one_that_stays_and_one_that_syncs_are_both_for_the_same_account() {
    let server = Server::start();
    let laptop = Device::founded(&server, "Ana's laptop");
    let origin = "https://shop.example";
    let options = json!({
        "rp": { "id": "shop.example", "name": "Shop" }, "user": { "id": "YW5h", "name": "ana", "displayName": "Ana" },
        "challenge": "AAAAAAAAAAAAAAAAAAAAAA", "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
        "authenticatorSelection": { "residentKey": "required" },
    });
    let options = options.to_string();
    let [synced, bound] = [laptop.make_passkey(origin, &options), laptop.make_bound_passkey(origin, &options)].map(id);
    for id in [&synced, &bound] {
        let asked = json!({ "rpId": "shop.example", "challenge": "AAAAAAAAAAAAAAAAAAAAAA",
            "allowCredentials": [{ "type": "public-key", "id": id }] });
        assert_eq!(&read(&laptop.sign_in(origin, &asked.to_string()))["id"], id);
    }
    // A second of either kind takes the place of its own kind, once the shop names it alone.
    laptop.make_passkey(origin, &options);
    let listed = laptop.ok(&["passkey", "list"]);
    let replaced = |passkey: &&Value| !passkey["replaces"].as_array().unwrap().is_empty();
    let replacing: Vec<&Value> = listed["passkeys"].as_array().unwrap().iter().filter(replaced).collect();
    let of = |id: &Value| {
        let mut passkeys = listed["passkeys"].as_array().unwrap().iter();
        passkeys.find(|passkey| passkey["credential_id"] == *id).unwrap()["id"].clone()
    };
    assert_eq!(replacing.len(), 1);
    assert_eq!(replacing[0]["replaces"], json!([of(&synced)]));
}

#[test]
fn its_key_is_in_no_export_and_goes_with_its_device() {
    let server = Server::start();
    let laptop = Device::founded(&server, "Ana's laptop");
    let phone = Device::enrolled(&server, "Ana's phone", &laptop);
    let mut shop = RustShop::new("shop.example");
    let options = shop.registration_options("ana@shop.example");
    shop.register(&read(&laptop.make_bound_passkey(shop.origin(), &options.to_string())));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passkeys.cxf");
    let dry = laptop.ok(&["export", file.to_str().unwrap(), "--dry-run"]);
    assert_eq!(dry["passkeys"].as_array().unwrap().len(), 0, "{dry}");
    assert!(dry["left_out"][0].as_str().unwrap().contains("bound"), "{dry}");

    phone.ok(&["sync"]);
    laptop.ok(&["sync"]);
    phone.ok(&["device", "remove", member(&laptop).as_str().unwrap(), "--yes"]);
    let listed = phone.ok(&["passkey", "list"])["passkeys"][0].clone();
    assert_eq!(listed["created_by"], member(&laptop));
    let options = shop.sign_in_options();
    let asked = ["webauthn", "get", "--origin", shop.origin(), "--yes"];
    phone.fails_with(exit::NOT_ALLOWED, &asked, &options.to_string());
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn id(made: String) -> Value {
    read(&made)["id"].clone()
}

/// Which member of its account a device is.
fn member(device: &Device) -> Value {
    let status = device.ok(&["device", "list"]);
    let devices = status["devices"].as_array().unwrap();
    devices.iter().find(|device| device["this"] == true).unwrap()["id"].clone()
}
