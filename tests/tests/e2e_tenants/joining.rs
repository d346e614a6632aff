//! Who is in a tenant: whom it invites, and who says so on a device.

use keyfold_tests::{Device, Server, Tenant, Terminal, exit};
use serde_json::json;

#[test]
fn threat_rp_an_invite_is_for_one_account_and_its_user_confirms_the_name() {
    let server = Server::start();
    let tenant = Tenant::founded(&server, "Example Ltd.");
    let code = tenant.does(&["member", "invite", "Ana"])["code"].as_str().unwrap().to_owned();
    let (ana, ben) = (Device::founded(&server, "Ana's laptop"), Device::founded(&server, "Ben's laptop"));
    // Not by the way, and not by another name.
    let unconfirmed = ana.fails(exit::NOT_ALLOWED, &["tenant", "join", &code, "--yes"]);
    assert!(unconfirmed.contains("--confirm NAME"), "{unconfirmed}");
    ana.fails(exit::NOT_ALLOWED, &["tenant", "join", &code, "--confirm", "Other Ltd."]);
    assert_eq!(ana.ok(&["tenant", "list"]), json!({ "tenants": [] }));
    assert_eq!(server.command(&["member", "list", "--json"]).out, "");

    ana.ok(&["tenant", "join", &code, "--confirm", "Example Ltd."]);
    ana.ok(&["tenant", "join", &code, "--confirm", "Example Ltd."]);
    let listed = ana.ok(&["tenant", "list"]);
    assert_eq!(
        (&listed["tenants"][0]["name"], &listed["tenants"][0]["member"]),
        (&"Example Ltd.".into(), &true.into())
    );
    ben.fails(exit::REFUSED, &["tenant", "join", &code, "--confirm", "Example Ltd."]);
    ben.fails(exit::REFUSED, &["tenant", "join", "aaaaaaaaaaaaaaaaaaaaaaaaaa", "--confirm", "Example Ltd."]);
    ben.fails(exit::REFUSED, &["tenant", "join", "no code", "--confirm", "Example Ltd."]);
    let members = tenant.does(&["member", "list"]);
    assert_eq!((&members["name"], members["devices"].as_array().unwrap().len()), (&"Ana".into(), 1));
}

#[test]
fn whoever_was_refused_is_no_member_on_any_device() {
    let server = Server::start();
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let code = tenant.does(&["member", "invite", "Ana"])["code"].as_str().unwrap().to_owned();
    let (ana, ben) = (Device::founded(&server, "Ana's laptop"), Device::founded(&server, "Ben's laptop"));
    // While Ana reads what the invite is to, another uses it.
    let mut terminal = Terminal::runs(&ana.command_for_people(&["tenant", "join", &code]));
    terminal.shows("Type its name");
    ben.ok(&["tenant", "join", &code, "--confirm", "Example Ltd."]);
    terminal.types("Example Ltd.");
    let (status, said) = terminal.ends();
    assert_eq!(status, exit::REFUSED.status, "{said}");

    // Her account has joined, by its own word; the organisation says that it has not.
    let phone = Device::enrolled(&server, "Ana's phone", &ana);
    for device in [&ana, &phone] {
        device.ok(&["sync"]);
        let listed = device.ok(&["tenant", "list"])["tenants"][0].clone();
        assert_eq!((&listed["name"], &listed["member"]), (&"Example Ltd.".into(), &false.into()));
        assert!(listed["asked_at"].is_string(), "it has answered: {listed}");
    }
    let listed = ben.ok(&["tenant", "list"]);
    assert_eq!(listed["tenants"][0]["member"], true);

    // With an invite of her own she is one, and so says each of her devices, once it has asked.
    tenant.takes_in(&ana, "Ana");
    assert_eq!(ana.ok(&["tenant", "list"])["tenants"][0]["member"], true);
    assert_eq!(ana.ok(&["tenant", "list"])["tenants"][0]["spare_leaves"], 32);
    assert_eq!(phone.ok(&["tenant", "report"])["tenants"][0]["member"], true);
}

#[test]
fn every_device_of_the_account_sees_it_and_takes_part() {
    let server = Server::start();
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let laptop = Device::founded(&server, "Ana's laptop");
    let phone = Device::enrolled(&server, "Ana's phone", &laptop);
    tenant.takes_in(&laptop, "Ana");
    phone.ok(&["sync"]);
    let listed = phone.ok(&["tenant", "list"]);
    assert_eq!(
        (&listed["tenants"][0]["member"], &listed["tenants"][0]["compliance"]),
        (&true.into(), &"compliant".into())
    );
    assert_eq!(listed["tenants"][0]["spare_leaves"], 32);
    let later = Device::enrolled(&server, "Ana's tablet", &phone);
    later.ok(&["sync"]);
    assert_eq!(later.ok(&["tenant", "list"])["tenants"][0]["compliance"], "compliant");
    assert_eq!(tenant.does(&["member", "list"])["devices"].as_array().unwrap().len(), 3);
}

#[test]
fn who_does_not_keep_the_rules_gets_no_leaf() {
    let server = Server::start();
    let tenant = Tenant::founded(&server, "Example Ltd.");
    let laptop = Device::founded(&server, "Ana's laptop");
    // No rule: nothing is known, and that is not compliant.
    tenant.takes_in(&laptop, "Ana");
    let listed = laptop.ok(&["tenant", "list"]);
    assert_eq!(
        (&listed["tenants"][0]["compliance"], &listed["tenants"][0]["spare_leaves"]),
        (&"unknown".into(), &0.into())
    );
    tenant.requires(&json!({ "agent-version": { "at-least": "999" } }), 3);
    let listed = laptop.ok(&["tenant", "report"]);
    assert_eq!(listed["tenants"][0]["compliance"], "in-grace-period");
    assert_eq!(listed["tenants"][0]["spare_leaves"], 32);
    tenant.requires_too_much();
    let listed = laptop.ok(&["tenant", "report"]);
    assert_eq!(listed["tenants"][0]["compliance"], "non-compliant");
    let reason = listed["tenants"][0]["reasons"][0].as_str().unwrap();
    assert!(reason.starts_with("policy/rule: "), "{reason}");
}

#[test]
fn a_tenant_that_fails_keeps_no_other_from_its_members() {
    let server = Server::start();
    let laptop = Device::founded(&server, "Ana's laptop");
    let (failing, other) =
        (Tenant::without_root(&server, "Failing Ltd."), Tenant::without_root(&server, "Failing too"));
    let working = Tenant::founded(&server, "Example Ltd.");
    // Whichever comes first in the roster: one of those that fail is asked before or after it, and its own trouble stays its own.
    for tenant in [&failing, &working, &other] {
        tenant.requires_little();
        tenant.takes_in(&laptop, "Ana");
    }
    let file = laptop.home().join("passkeys.json");
    laptop.ok(&["export", file.to_str().unwrap(), "--plaintext", "--confirm", "passkeys.json"]);
    let phone = Device::enrolled(&server, "Ana's phone", &laptop);
    phone.ok(&["sync"]);
    for device in [&laptop, &phone] {
        let failed = device.fails(exit::REFUSED, &["tenant", "report"]);
        assert!(failed.contains("Failing Ltd.: ") && failed.contains("Failing too: "), "{failed}");
        assert!(!failed.contains("Example Ltd."), "{failed}");
        let listed = device.ok(&["tenant", "list"]);
        for standing in listed["tenants"].as_array().unwrap() {
            let leaves = if standing["name"] == "Example Ltd." { 32 } else { 0 };
            assert_eq!((&standing["member"], &standing["compliance"]), (&true.into(), &"compliant".into()));
            assert_eq!((&standing["spare_leaves"], &standing["waiting"]), (&leaves.into(), &0.into()), "{listed}");
        }
    }
    for tenant in [&failing, &working, &other] {
        let member = tenant.does(&["member", "list"]);
        assert_eq!((&member["exports"], member["devices"].as_array().unwrap().len()), (&1.into(), 2), "{member}");
    }
}

#[test]
fn what_a_device_says_of_itself_is_shown_to_its_user_first() {
    let server = Server::start();
    let laptop = Device::founded(&server, "Ana's laptop");
    let posture = laptop.ok(&["tenant", "posture"]);
    let what: Vec<&str> = posture.as_array().unwrap().iter().map(|fact| fact["what"].as_str().unwrap()).collect();
    for fact in ["system", "disk encryption", "screen lock", "secure boot", "agent version"] {
        assert!(what.contains(&fact), "{what:?}");
    }
    assert!(posture.as_array().unwrap().iter().all(|fact| !fact["reason"].as_str().unwrap().is_empty()));
}
