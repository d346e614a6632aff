//! A tenant's root is kept where its server is not, and what it takes back counts no more.

use keyfold_tests::{Device, Domain, Server, Tenant, server_that_asks};
use serde_json::{Value, json};

use crate::{Passkey, nobody_issues};

/// What an operator runs where the root is: no server, no database.
fn at_the_root(server: &Server, arguments: &[&str]) -> String {
    let said = server.command(arguments);
    assert_eq!(said.status, 0, "{}", said.err);
    said.out
}

#[test]
fn threat_rp_a_root_elsewhere_certifies_the_server_and_takes_it_back_for_good() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let made = server.command(&["init", "--name", "Example Ltd.", "--without-root", "--json"]).done();
    assert!(made["tenant"].is_string());
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (root, passphrase) = (path("root.age"), path("passphrase"));
    std::fs::write(&passphrase, "the root's own passphrase\n").unwrap();
    let with = ["--root-passphrase-file", passphrase.as_str()];
    at_the_root(&server, &[&["ca", "root", &root, "--name", "Example Ltd."], &with[..]].concat());
    // Not twice, and not readable for anybody else.
    let again = server.command(&[&["ca", "root", &root, "--name", "Example Ltd."], &with[..]].concat());
    assert!(again.server_line().contains("exists"), "{}", again.err);
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&root).unwrap().permissions().mode() & 0o077, 0);

    let save = |name: &str, text: &str| {
        std::fs::write(path(name), text).unwrap();
        path(name)
    };
    let request = save("request.pem", &at_the_root(&server, &["ca", "request"]));
    let sign = |request: &str, days: &str| {
        at_the_root(&server, &[&["ca", "sign", request, "--root", &root, "--days", days], &with[..]].concat())
    };
    let certified = save("certified.pem", &sign(&request, "90"));
    server.command(&["ca", "install", &certified, "--json"]).done();
    let shown: Vec<Value> = lines(&server.command(&["ca", "show", "--json"]).out);
    assert_eq!(shown.iter().map(|shown| shown["role"].as_str().unwrap()).collect::<Vec<_>>(), ["root", "issuer"]);

    // Another tenant's root certifies nothing of this one, nor takes its place unasked.
    let other = path("other.age");
    at_the_root(&server, &[&["ca", "root", &other, "--name", "Other Ltd."], &with[..]].concat());
    let refused = server.command(&[&["ca", "sign", &request, "--root", &other], &with[..]].concat());
    assert!(refused.server_line().contains("this root is of \"Other Ltd.\""), "{}", refused.err);
    let same_name = path("same.age");
    at_the_root(&server, &[&["ca", "root", &same_name, "--name", "Example Ltd."], &with[..]].concat());
    let by_other = at_the_root(&server, &[&["ca", "sign", &request, "--root", &same_name], &with[..]].concat());
    let by_other = save("by-other.pem", &by_other);
    assert!(server.command(&["ca", "install", &by_other]).server_line().contains("--replace-root"));
    let wrong = save("wrong", "not the passphrase at all\n");
    let closed = server.command(&["ca", "sign", &request, "--root", &root, "--root-passphrase-file", &wrong]);
    assert!(closed.server_line().contains("does not open"), "{}", closed.err);

    // It works; new keys take over; and what the root takes back signs for nobody.
    let code = server.command(&["member", "invite", "Ana", "--json"]).done()["code"].as_str().unwrap().to_owned();
    let policy = save("policy.json", LITTLE);
    server.command(&["compliance", "set", &policy, "--json"]).done();
    let laptop = Device::founded(&server, "Ana's laptop");
    laptop.ok(&["tenant", "join", &code, "--confirm", "Example Ltd."]);
    assert_eq!(laptop.ok(&["tenant", "list"])["tenants"][0]["spare_leaves"], 32);

    let serial = shown[1]["serial"].as_str().unwrap();
    let list = at_the_root(&server, &[&["ca", "revoke", serial, "--root", &root], &with[..]].concat());
    let list = save("revoked.pem", &list);
    server.command(&["ca", "install-revoked", &list, "--json"]).done();
    let without = Device::enrolled(&server, "Ana's phone", &laptop);
    nobody_issues(&without);

    let request = save("request.pem", &at_the_root(&server, &["ca", "request", "--new-keys"]));
    let certified = save("certified.pem", &sign(&request, "90"));
    server.command(&["ca", "install", &certified, "--json"]).done();
    without.ok(&["tenant", "report"]);
    assert_eq!(without.ok(&["tenant", "list"])["tenants"][0]["spare_leaves"], 32);
    let list = at_the_root(
        &server,
        &[&["ca", "revoke", &"ab".repeat(16), "--root", &root, "--previous", &list], &with[..]].concat(),
    );
    assert!(list.starts_with("-----BEGIN X509 CRL-----"));
    // What is revoked stays so: a list without it is not taken, a longer one is.
    let shorter = at_the_root(&server, &[&["ca", "revoke", &"ab".repeat(16), "--root", &root], &with[..]].concat());
    let said = server.command(&["ca", "install-revoked", &save("shorter.pem", &shorter), "--json"]);
    assert!(said.err.contains("--previous"), "{}", said.err);
    server.command(&["ca", "install-revoked", &save("longer.pem", &list), "--json"]).done();
}

#[test]
fn a_passkey_outlives_the_issuer_that_its_tenant_has_taken_back() {
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
    laptop.ok(&["sync"]);
    assert_eq!(passkey.reported(&shop)["stated_by"], "credential-and-device");

    tenant.replaces_its_issuer();
    // What the passkey's own key has signed still holds, and nothing that the leaf alone would show.
    crate::within_seconds(|| passkey.reported(&shop)["stated_by"] == "credential");
    let reported = passkey.reported(&shop);
    assert_eq!((&reported["class"], &reported["conflict"]), (&"synced".into(), &false.into()));

    // Leaves of the issuer before are shown no more once the device has asked: it has others for the same keys.
    let key = |told: &Value| told["device"]["evidence_key"].clone();
    assert_eq!(passkey.signs_in(&shop, &laptop)["device"]["verdict"], "refused");
    laptop.ok(&["tenant", "report"]);
    let told = passkey.signs_in(&shop, &laptop);
    assert_eq!((&told["device"]["verdict"], &told["device"]["status"]), (&"verified".into(), &"valid".into()));
    laptop.ok(&["tenant", "report"]);
    assert_eq!(key(&passkey.signs_in(&shop, &laptop)), key(&told));
    assert_eq!(laptop.ok(&["tenant", "list"])["tenants"][0]["spare_leaves"], 32);
}

#[test]
fn token_keys_change_without_anybody_noticing() {
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
    question["nonce"] = "before the key".into();
    let token = shop.ask("/v1/rp/evidence", &question).0["token"].clone();
    let kid = tenant.does(&["ca", "rotate-token-key"])["kid"].clone();
    assert!(kid.is_string());
    // Both are told, and what the old one gave still counts.
    crate::within_seconds(|| told_keys(&server, &tenant).len() == 2);
    assert!(told_keys(&server, &tenant).contains(&kid));
    question["nonce"] = "after the key".into();
    shop.ask_with("/v1/rp/evidence", &question, &json!({ "token": token })).told();
    assert_eq!(passkey.reported(&shop)["class"], "synced");
}

fn told_keys(server: &Server, tenant: &Tenant<'_>) -> Vec<Value> {
    let path = tenant.url.strip_prefix(&server.url()).unwrap();
    let reply = keyfold_tests::Http::to(server).get(&format!("{path}/jwks"));
    let keys: Value = serde_json::from_slice(&reply.body).unwrap();
    let keys = keys["keys"].as_array().unwrap();
    assert!(keys.iter().all(|key| key.get("d").is_none()));
    keys.iter().map(|key| key["kid"].clone()).collect()
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const LITTLE: &str = r#"{"id": "policy", "name": "Policy", "rules":
    [{"id": "rule", "requirement": {"agent-version": {"at-least": "0.1"}}, "severity": "non-compliant", "grace-days": 0}]}"#;
