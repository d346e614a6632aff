use std::slice;

use keyfold_tests::{clock_off_by, fed};
use serde_json::json;

use crate::browser::Desk;

/// A page asks and takes it back as often as it likes, while its person is away.
#[test]
fn threat_page_a_page_that_nobody_answers_keeps_no_vault_open() {
    let desk = Desk::ready();
    let mut last_used = desk.a.command(&["lock", "--after", "1h"]);
    last_used.envs(clock_off_by("-30m"));
    fed(last_used, "").done();

    let mut host = desk.host();
    let options = json!({ "challenge": "AAAAAAAAAAAAAAAAAAAAAA", "rpId": "shop.example" });
    let prompt = host.asks(&json!({
        "type": "get", "id": 1, "origin": "https://shop.example", "crossOrigin": false, "rpIdChecked": true,
        "options": options,
    }));
    assert_eq!((&prompt["type"], &prompt["action"]), (&json!("prompt"), &json!("report-no-passkey")), "{prompt}");
    let told = host.asks(&json!({ "type": "cancel", "id": 1 }));
    assert_eq!((&told["type"], &told["id"]), (&json!("error"), &json!(1)), "{told}");

    let locked_in = |minutes: &str| {
        let mut status = desk.a.command(&["status"]);
        status.envs(clock_off_by(minutes));
        fed(status, "").done()["locked"].clone()
    };
    assert_eq!(locked_in("+20m"), json!(null));
    assert_eq!(locked_in("+40m"), json!("idle"), "an hour after somebody was there");
}

#[test]
fn a_passkey_replaces_another_once_its_site_names_it_alone_and_one_that_no_page_got_is_taken_back() {
    let desk = Desk::ready();
    let mut page = desk.page();
    let held = || {
        let listed = desk.a.ok(&["passkey", "list"])["passkeys"].as_array().unwrap().clone();
        let mut ids: Vec<_> = listed.iter().map(|passkey| passkey["credential_id"].clone()).collect();
        ids.sort_by_key(ToString::to_string);
        ids
    };

    let first = page.creates(1, "register");
    // The browser did not take it.
    let lost = page.creates(2, "replace");
    assert_eq!(held().len(), 2);
    page.host.says(&json!({ "type": "cancel", "id": 2 }));
    // Whatever is asked next is answered after that.
    assert_eq!(page.host.asks(&json!({ "type": "status", "id": 3 }))["passkeys"], json!(1));
    assert_eq!(held(), slice::from_ref(&first), "not {lost}");

    let second = page.creates(4, "replace");
    assert_eq!(held().len(), 2, "nobody knows yet whether the page has it");
    let shown = desk.a.ok(&["passkey", "list"])["passkeys"].as_array().unwrap().clone();
    let newer = shown.iter().find(|passkey| passkey["credential_id"] == second).unwrap();
    let older = shown.iter().find(|passkey| passkey["credential_id"] == first).unwrap();
    assert_eq!(newer["replaces"], json!([older["id"]]));
    assert_eq!(page.signs_in(5, &first), first);
    assert_eq!(held().len(), 2, "the older one is no reason");
    let prompt = page.begins(8, "get");
    page.types_the_passphrase(&prompt);
    let signed = page.host.hears().unwrap();
    assert_eq!(signed["response"]["id"], second, "the newest is first: {signed}");
    assert_eq!(held().len(), 2, "nobody knows whether the site took it");
    assert_eq!(page.signs_in(6, &second), second);
    // Whatever is asked next is answered once that is noted.
    assert_eq!(page.host.asks(&json!({ "type": "status", "id": 9 }))["passkeys"], json!(1));
    assert_eq!(held(), slice::from_ref(&second));
    // It is of use, and no word of the browser's deletes it any more.
    page.host.says(&json!({ "type": "cancel", "id": 4 }));
    assert_eq!(page.host.asks(&json!({ "type": "status", "id": 7 }))["passkeys"], json!(1));
    assert_eq!(held(), [second]);
}
