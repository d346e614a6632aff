//! What nobody is told who may not be.

use keyfold_tests::{Device, Domain, Tenant, server_that_asks};
use serde_json::{Value, json};

use crate::{Passkey, registration};

#[test]
fn threat_rp_nothing_is_told_of_anothers_passkey_or_an_unproved_domain() {
    let (shop_domain, bank_domain) = (Domain::new("shop.example"), Domain::new("bank.example"));
    let server = server_that_asks(&[&shop_domain, &bank_domain]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let laptop = Device::founded(&server, "Ana's laptop");
    tenant.takes_in(&laptop, "Ana");
    let (shop, bank) = (tenant.client("Shop"), tenant.client("Bank"));
    tenant.lists(&shop, &shop_domain);
    tenant.lists(&bank, &bank_domain);
    laptop.ok(&["tenant", "report"]);
    let (passkey, _) = Passkey::registered(&shop, &laptop, "shop.example");
    assert_eq!(passkey.reported(&shop)["class"], "synced");

    // The bank knows all of the shop's passkey, and is told nothing of it.
    bank.report(&passkey.known()).refused(403, "not-proved");
    let mut as_own = passkey.known();
    as_own["rp_id"] = "bank.example".into();
    bank.report(&as_own).refused(404, "not-found");
    // Nor is it told whether somebody else's domain is listed.
    let mut elsewhere = passkey.known();
    elsewhere["rp_id"] = "nowhere.example".into();
    bank.report(&elsewhere).refused(403, "not-proved");

    // Listed and not proved is not enough, nor proved once and no more.
    tenant.does(&["rp-id", "add", &bank.id, "shop.example"]);
    bank.report(&passkey.known()).refused(403, "not-proved");
    shop_domain.says("nothing of the kind");
    let failed = server.command(&["rp-id", "prove", &shop.id, "shop.example", "--tenant", &tenant.id]);
    assert!(failed.err.contains("has no line \"keyfold-domain-verification="), "{}", failed.err);
    shop.report(&passkey.known()).refused(403, "not-proved");
    let (response, challenge) = registration(&laptop, "shop.example", "direct");
    let question = json!({ "asked": crate::asked("shop.example", &challenge), "response": response });
    shop.ask("/v1/rp/registrations", &question).refused(403, "not-proved");
}

#[test]
fn threat_rp_a_domain_is_asked_itself_and_none_behind_it() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    let shop = tenant.client("Shop");
    let line = tenant.does(&["rp-id", "add", &shop.id, "shop.example"])["line"].as_str().unwrap().to_owned();
    let proves =
        |rp_id: &str| server.command(&["rp-id", "prove", &shop.id, rp_id, "--tenant", &tenant.id]).server_line();
    for (answer, why) in [
        ("HTTP/1.1 302 Found\r\nLocation: https://shop.example/elsewhere\r\nContent-Length: 0\r\n\r\n", "status 302"),
        ("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "status 500"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", "longer than 4096 bytes"),
    ] {
        domain.answers(&format!("{answer}{}", "x".repeat(9_000)));
        assert!(proves("shop.example").contains(why), "{why}: {}", proves("shop.example"));
    }
    // The line of another client, or within another line, proves nothing.
    let other = tenant.client("Other");
    let others = tenant.does(&["rp-id", "add", &other.id, "shop.example"])["line"].as_str().unwrap().to_owned();
    for file in [others, format!("<p>{line}</p>"), line.to_lowercase(), format!("{line} ")] {
        domain.says(&file);
        assert!(proves("shop.example").contains("has no line"), "{file}");
    }
    // A name that leads to this machine is asked only if the operator lets it.
    tenant.does(&["rp-id", "add", &shop.id, "localhost"]);
    assert!(proves("localhost").contains("is no public address"), "{}", proves("localhost"));
}

#[test]
fn threat_rp_a_stale_nonce_a_foreign_audience_and_another_clients_token_are_refused() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let laptop = Device::founded(&server, "Ana's laptop");
    tenant.takes_in(&laptop, "Ana");
    let shop = tenant.client("Shop");
    tenant.lists(&shop, &domain);
    laptop.ok(&["tenant", "report"]);
    let (passkey, _) = Passkey::registered(&shop, &laptop, "shop.example");

    let mut known = passkey.known();
    known["nonce"] = "a nonce of one report".into();
    assert_eq!(shop.report(&known).claims()["eat_nonce"], "a nonce of one report");
    shop.report(&known).refused(409, "nonce-used");
    for nonce in ["short", &"long".repeat(30)] {
        known["nonce"] = (*nonce).into();
        shop.report(&known).refused(400, "malformed");
    }

    let known = passkey.known();
    let with = |more: Value| shop.ask_with("/v1/rp/evidence", &known, &more);
    for (claims, why) in [
        (json!({ "aud": "https://elsewhere.example" }), "another audience"),
        (json!({ "exp": 1 }), "an old one"),
        (json!({ "exp": 9_999_999_999_u64 }), "one that never ends"),
        (json!({ "sub": tenant.id }), "another subject"),
        (json!({ "iss": tenant.id, "sub": tenant.id }), "nobody's"),
        (json!({ "jti": "" }), "one without an id"),
    ] {
        let answered = with(json!({ "claims": claims }));
        assert_eq!(answered.0["of"], "token", "{why}: {}", answered.0);
        answered.refused(401, "invalid_client");
    }
    let once = json!({ "claims": { "jti": "once" } });
    let mut first = passkey.known();
    first["nonce"] = "another nonce".into();
    shop.ask_with("/v1/rp/evidence", &first, &once).told();
    with(once).refused(401, "invalid_client");

    // A client that another's key signs for, under its own name or the client's.
    let thief = tenant.client("Thief");
    for kid in [&thief.key, &shop.key] {
        let as_shop = json!({ "claims": { "iss": shop.id, "sub": shop.id }, "kid": kid });
        thief.ask_with("/v1/rp/evidence", &known, &as_shop).refused(401, "invalid_client");
    }
    // Another tenant's client is nobody here.
    let other = Tenant::founded(&server, "Other Ltd.");
    let elsewhere = other.client("Shop");
    elsewhere.ask_with("/v1/rp/evidence", &known, &json!({ "tenant": tenant.url })).refused(401, "invalid_client");
    elsewhere.report(&known).refused(403, "not-proved");
    for token in ["", "AAAA", &"A".repeat(100), &"A".repeat(300)] {
        with(json!({ "token": token })).refused(401, "unauthenticated");
    }
    // What it was given for one thing is not good for another, and not after it was put out.
    with(json!({ "scope": "compliance" })).refused(400, "invalid_scope");
    let device = laptop.ok(&["status"])["device"].as_str().unwrap().to_owned();
    let path = format!("/v1/devices/{device}/compliance");
    shop.ask(&path, &Value::Null).refused(403, "insufficient-scope");
    let mut last = passkey.known();
    last["nonce"] = "one more nonce".into();
    let token = shop.ask("/v1/rp/evidence", &last).0["token"].clone();
    tenant.does(&["client", "remove", &shop.id]);
    with(json!({ "token": token })).refused(401, "unauthenticated");
    with(Value::Null).refused(401, "invalid_client");
}

#[test]
fn threat_rp_a_request_that_is_sent_again_gets_the_same_report_and_no_other_does() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let laptop = Device::founded(&server, "Ana's laptop");
    tenant.takes_in(&laptop, "Ana");
    let shop = tenant.client("Shop");
    tenant.lists(&shop, &domain);
    laptop.ok(&["tenant", "report"]);
    let (passkey, _) = Passkey::registered(&shop, &laptop, "shop.example");
    let mut question = passkey.known();
    question["nonce"] = "a nonce of one report".into();
    let again = json!({ "headers": { "Idempotency-Key": "7c1e" } });
    let first = shop.ask_with("/v1/rp/evidence", &question, &again).told().clone();
    assert_eq!(*shop.ask_with("/v1/rp/evidence", &question, &again).told(), first);
    question["nonce"] = "a nonce of another".into();
    shop.ask_with("/v1/rp/evidence", &question, &again).refused(422, "idempotency-key-used");
    shop.ask_with("/v1/rp/evidence", &question, &json!({ "headers": { "Idempotency-Key": "" } }))
        .refused(400, "malformed");
}

#[test]
fn a_device_management_is_told_where_a_device_stands() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    let laptop = Device::founded(&server, "Ana's laptop");
    tenant.takes_in(&laptop, "Ana");
    let vpn = tenant.client_for("VPN", "compliance");
    let device = laptop.ok(&["status"])["device"].as_str().unwrap().to_owned();
    let path = format!("/v1/devices/{device}/compliance");
    // Without a policy nothing is known, and what is not known is not compliant.
    assert_eq!(vpn.ask(&path, &Value::Null).told()["state"], "unknown");
    tenant.requires_little();
    assert_eq!(vpn.ask(&path, &Value::Null).told()["state"], "compliant");
    tenant.requires(&json!({ "agent-version": { "at-least": "999" } }), 3);
    let told = vpn.ask(&path, &Value::Null).told().clone();
    assert_eq!((&told["state"], &told["results"][0]["state"]), (&"in-grace-period".into(), &"in-grace-period".into()));
    assert!(told["results"][0]["grace_until"].is_string(), "{told}");
    tenant.requires_too_much();
    assert_eq!(vpn.ask(&path, &Value::Null).told()["state"], "non-compliant");
    vpn.ask("/v1/devices/aaaaaaaaaaaaaaaaaaaaaaaaaa/compliance", &Value::Null).refused(404, "not-found");
    vpn.ask("/v1/rp/evidence", &json!({})).refused(403, "insufficient-scope");
    // Another tenant's device is nobody's here.
    let other = Tenant::founded(&server, "Other Ltd.");
    other.client_for("VPN", "compliance").ask(&path, &Value::Null).refused(404, "not-found");
}

#[test]
fn threat_rp_the_database_does_not_tell_which_sites_an_account_uses_unless_they_ask() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let laptop = Device::founded(&server, "Ana's laptop");
    tenant.takes_in(&laptop, "Ana");
    let shop = tenant.client("Shop");
    tenant.lists(&shop, &domain);
    laptop.ok(&["tenant", "report"]);
    // A passkey at a listed site, which does not ask, and one at a site that nobody here knows.
    let (listed, _) = registration(&laptop, "shop.example", "direct");
    let (unlisted, _) = registration(&laptop, "diary.example", "direct");
    laptop.ok(&["sync"]);
    let account = laptop.ok(&["status"])["account"].as_str().unwrap().to_owned();
    let backup = laptop.home().join("everything.db");
    server.command(&["backup", backup.to_str().unwrap()]);
    let dump = std::fs::read(&backup).unwrap();
    assert!(dump.windows(8).any(|bytes| bytes == b"Ana's la"), "the dump has what the tenant knows of {account}");
    for (what, response) in [("listed", &listed), ("unlisted", &unlisted)] {
        for member in ["/rawId", "/response/publicKey"] {
            let text = response.pointer(member).unwrap().as_str().unwrap();
            let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
            // Of a public key the point alone: its frame is the same for all.
            let bytes = &bytes[bytes.len() - 32..];
            assert!(!dump.windows(32).any(|window| window == bytes), "{what} {member}");
        }
    }
    let has = |text: &str| dump.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(has("shop.example"), "it is listed, for whoever is a member");
    assert!(!has("diary.example"));
    // Nor does the hash of an RP id stand anywhere, by which a site could be guessed.
    for rp_id in ["shop.example", "diary.example"] {
        use sha2::Digest;
        let hash = sha2::Sha256::digest(rp_id);
        assert!(!dump.windows(32).any(|bytes| bytes == hash.as_slice()), "{rp_id}");
    }
}
