use serde_json::{Value, json};

use crate::browser::{Desk, Host};

/// A sign-in for which it is enough that somebody is there.
fn asks(host: &mut Host, id: u64) -> Value {
    let options =
        json!({ "challenge": "AAAAAAAAAAAAAAAAAAAAAA", "rpId": "shop.example", "userVerification": "discouraged" });
    host.asks(&json!({
        "type": "get", "id": id, "origin": "https://shop.example", "rpIdChecked": true, "options": options,
    }))
}

#[test]
fn threat_lost_what_another_program_has_locked_signs_nothing_be_it_while_a_window_is_open() {
    let desk = Desk::ready();
    let mut page = desk.page();
    page.creates(1, "register");

    let prompt = asks(&mut page.host, 2);
    assert_eq!((&prompt["type"], &prompt["action"]), (&json!("prompt"), &json!("sign-in")), "{prompt}");
    desk.a.ok(&["lock"]);
    page.approves(&prompt);
    let told = page.host.hears().unwrap();
    assert_eq!((&told["type"], &told["code"]), (&json!("error"), &json!("locked")), "{told}");

    let prompt = asks(&mut page.host, 3);
    assert_eq!((&prompt["type"], &prompt["action"]), (&json!("prompt"), &json!("unlock")), "{prompt}");
    page.types_the_passphrase(&prompt);
    let prompt = page.host.hears().unwrap();
    assert_eq!(prompt["action"], "sign-in", "{prompt}");
    page.approves(&prompt);
    let told = page.host.hears().unwrap();
    assert_eq!(told["type"], "result", "{told}");
}

/// What is remembered of the storage is what lies there, whoever wrote it.
#[test]
fn a_page_is_offered_what_another_program_has_just_changed() {
    let desk = Desk::ready();
    let mut page = desk.page();
    let made = page.creates(1, "register");
    assert_eq!(page.signs_in(2, &made), made);
    let listed = desk.a.ok(&["passkey", "list"]);
    desk.a.ok(&["passkey", "delete", listed["passkeys"][0]["id"].as_str().unwrap(), "--yes", "--most-of-the-vault"]);
    let prompt = asks(&mut page.host, 3);
    assert_eq!(prompt["action"], "report-no-passkey", "{prompt}");
    page.host.asks(&json!({ "type": "cancel", "id": 3 }));
    desk.a.ok(&["passkey", "restore", listed["passkeys"][0]["id"].as_str().unwrap()]);
    assert_eq!(page.signs_in(4, &made), made);
}
