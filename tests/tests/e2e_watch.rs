//! `keyfold sync --watch`: what happens on one device is there on the other, through every interruption.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use keyfold_tests::{Device, Server, Shop, Watch, exit};
use serde_json::Value;

#[test]
fn a_passkey_made_on_one_device_arrives_on_the_one_that_watches() {
    let server = Server::start();
    let (a, b) = two_devices(&server);
    let mut watch = Watch::of(&b);

    let shop = shop_of(&a, "shop.example");
    let synced = watch.until(brought_a_passkey);
    assert_eq!((&synced["commits_pulled"], &synced["items_pulled"]), (&1.into(), &1.into()));
    assert!(shop.judge_sign_in(&b.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
    watch.interrupt().done();
}

#[test]
fn a_watch_goes_on_by_itself_when_the_server_was_killed_and_is_back() {
    let mut server = Server::start();
    let (a, b) = two_devices(&server);
    let mut watch = Watch::of(&b);

    for rp_id in ["shop.example", "bank.example"] {
        server.kill();
        watch.until(|event| event["event"] == "offline");
        server.restart();
        let shop = shop_of(&a, rp_id);
        watch.until(brought_a_passkey);
        assert!(shop.judge_sign_in(&b.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
    }
    watch.interrupt().done();
}

#[test]
fn a_server_that_stops_waits_for_no_watch() {
    let mut server = Server::start();
    let (a, b) = two_devices(&server);
    let mut watches = [Watch::of(&a), Watch::of(&b)];
    assert!(server.stop().success(), "it ended as it should: {}", server.log());
    assert!(server.log().contains("stopped"));
    for watch in &mut watches {
        watch.until(|event| event["event"] == "offline");
    }
    server.restart();
    for watch in &mut watches {
        watch.until(|event| event["event"] == "synced");
    }
}

#[test]
fn every_change_arrives_not_passkeys_alone() {
    let server = Server::start();
    let (a, b) = two_devices(&server);
    let shop = shop_of(&a, "shop.example");
    let mut watch = Watch::of(&b);
    let device = a.ok(&["status"])["device"].as_str().unwrap().to_owned();
    a.ok(&["device", "rename", &device, "Ana's desk"]);
    watch.until(|event| event["entries_pulled"] == 1);
    let passkey = a.only_passkey();
    a.ok(&["passkey", "rename", &passkey, "shopping"]);
    watch.until(brought_a_passkey);
    assert_eq!(b.ok(&["passkey", "list"])["passkeys"][0]["label"], "shopping");
    a.ok(&["passkey", "delete", &passkey, "--yes"]);
    watch.until(brought_a_passkey);
    let arguments = ["webauthn", "get", "--origin", &shop.origin(), "--yes"];
    b.run_with(&arguments, &shop.sign_in_options()).problem(exit::NOT_ALLOWED);
    watch.interrupt().done();
}

#[test]
fn a_watch_of_an_account_that_was_deleted_ends_and_says_why() {
    let server = Server::start();
    let (a, b) = two_devices(&server);
    let watch = Watch::of(&b);
    a.ok(&["account", "delete", "--yes"]);
    let why = watch.ends().problem(exit::REFUSED);
    assert!(why.starts_with("the account was deleted"), "{why}");
}

#[test]
fn for_people_a_watch_tells_in_words() {
    use std::io::{BufRead, BufReader};
    let mut server = Server::start();
    let (_, b) = two_devices(&server);
    let mut program = keyfold_tests::started(b.command_for_people(&["sync", "--watch"]));
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "Synced: 0 commits and 0 items pulled, 0 items pushed.");
    server.kill();
    assert!(lines.next().unwrap().starts_with("Offline: "));
    program.kill().unwrap();
    program.wait().unwrap();
}

fn two_devices(server: &Server) -> (Device, Device) {
    let a = Device::founded(server, "Ana's laptop");
    let b = Device::enrolled(server, "Ana's phone", &a);
    (a, b)
}

fn shop_of(device: &Device, rp_id: &str) -> Shop {
    let shop = Shop::new(rp_id);
    let made = device.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    shop.judge_registration(&made).backed_up();
    shop
}

fn brought_a_passkey(event: &Value) -> bool {
    event["event"] == "synced" && event["items_pulled"] == 1
}
