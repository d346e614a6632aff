//! What a relying party is told.

use keyfold_tests::{Device, Domain, Tenant, server_that_asks};
use serde_json::json;

use crate::{Passkey, reasons, registration};

#[test]
fn a_shop_is_told_what_a_passkey_is_and_which_device_used_it() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let laptop = Device::founded(&server, "Ana's laptop");
    tenant.takes_in(&laptop, "Ana");
    let phone = Device::enrolled(&server, "Ana's phone", &laptop);
    phone.ok(&["tenant", "report"]);
    let shop = tenant.client("Shop");
    tenant.lists(&shop, &domain);
    for device in [&laptop, &phone] {
        assert_eq!(device.ok(&["tenant", "report"])["tenants"][0]["rp_ids"], json!(["shop.example"]));
    }

    let (passkey, verdict) = Passkey::registered(&shop, &laptop, "shop.example");
    assert_eq!((&verdict["provider"], &verdict["class"]), (&"keyfold".into(), &"synced".into()));
    assert_eq!((&verdict["basis"], &verdict["protection"]), (&"attested".into(), &"software".into()));
    assert_eq!(reasons(&verdict), ["stated-by-itself", "attested-by-tenant", "backup-eligible"]);

    phone.ok(&["sync"]);
    for device in [&laptop, &phone] {
        let told = passkey.signs_in(&shop, device);
        assert_eq!((&told["user_verified"], &told["backup_state"]), (&true.into(), &true.into()));
        assert_eq!(told["device"]["verdict"], "verified", "{told}");
        assert_eq!((&told["device"]["status"], &told["device"]["compliance"]), (&"valid".into(), &"compliant".into()));
        assert_eq!(told["verdict"]["basis"], "attested");
    }
    let keys = [&laptop, &phone].map(|device| passkey.signs_in(&shop, device)["device"]["evidence_key"].clone());
    assert_ne!(keys[0], keys[1], "each device has its own key");
    let again = passkey.signs_in(&shop, &laptop)["device"]["evidence_key"].clone();
    assert_eq!(again, keys[0], "and the same each time");

    let reported = passkey.reported(&shop);
    assert_eq!((&reported["class"], &reported["stated_by"]), (&"synced".into(), &"credential-and-device".into()));
    assert_eq!((&reported["holders"], &reported["compliant_holders"]), (&"2-3".into(), &"2-3".into()));
    assert_eq!((&reported["exports"], &reported["recovery_members"]), (&"0".into(), &"0".into()));
    assert_eq!((&reported["assurance"], &reported["conflict"]), (&"AAL2".into(), &false.into()));
}

#[test]
fn a_shop_is_told_that_a_passkey_stays_on_one_device_and_that_software_keeps_it() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let laptop = Device::founded(&server, "Ana's laptop");
    tenant.takes_in(&laptop, "Ana");
    let shop = tenant.client("Shop");
    tenant.lists(&shop, &domain);
    laptop.ok(&["tenant", "report"]);

    let (bound, verdict) = Passkey::registered_bound(&shop, &laptop, "shop.example");
    assert_eq!((&verdict["provider"], &verdict["class"]), (&"keyfold".into(), &"device-bound".into()));
    assert_eq!((&verdict["basis"], &verdict["protection"]), (&"attested".into(), &"software".into()));
    assert!(reasons(&verdict).contains(&"not-backup-eligible"), "{verdict}");
    let told = bound.signs_in(&shop, &laptop);
    assert_eq!((&told["backup_state"], &told["device"]["verdict"]), (&false.into(), &"verified".into()), "{told}");
    laptop.ok(&["sync"]);
    let reported = bound.reported(&shop);
    assert_eq!((&reported["class"], &reported["holders"]), (&"device-bound".into(), &"1".into()), "{reported}");

    let (synced, verdict) = Passkey::registered(&shop, &laptop, "shop.example");
    assert_eq!(verdict["class"], "synced");
    let keys = [&bound, &synced].map(|passkey| passkey.signs_in(&shop, &laptop)["device"]["evidence_key"].clone());
    assert_ne!(keys[0], keys[1], "each class has its own key");
}

#[test]
fn an_outsider_verifies_the_attestation_by_the_tenants_root_and_metadata() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let laptop = Device::founded(&server, "Ana's laptop");
    tenant.takes_in(&laptop, "Ana");
    let shop = tenant.client("Shop");
    tenant.lists(&shop, &domain);
    laptop.ok(&["tenant", "report"]);

    let (response, challenge) = registration(&laptop, "shop.example", "direct");
    let attested = shop.attested(&response, &challenge.into(), "shop.example");
    assert_eq!(attested, json!({ "aaguid": "54eae411-f873-4ea4-9249-c17e89dd2212", "multi": "implicit" }));
}

#[test]
fn only_where_the_tenant_lists_a_site_and_that_asks_for_it_is_anything_attested() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let laptop = Device::founded(&server, "Ana's laptop");
    tenant.takes_in(&laptop, "Ana");
    let shop = tenant.client("Shop");
    tenant.lists(&shop, &domain);
    laptop.ok(&["tenant", "report"]);

    for (rp_id, attestation) in [("shop.example", "none"), ("shop.example", "indirect"), ("bank.example", "direct")] {
        let (response, _) = registration(&laptop, rp_id, attestation);
        assert!(format_of(&response).starts_with("none"), "{rp_id} {attestation}");
    }
    let (response, _) = registration(&laptop, "shop.example", "enterprise");
    assert!(format_of(&response).starts_with("packed"));
}

/// What follows `"fmt"` in an attestation object.
fn format_of(response: &serde_json::Value) -> String {
    let object = response["response"]["attestationObject"].as_str().unwrap();
    let object = data_encoding::BASE64URL_NOPAD.decode(object.as_bytes()).unwrap();
    let place = object.windows(3).position(|bytes| bytes == b"fmt").unwrap() + 4;
    String::from_utf8_lossy(&object[place..place + 6]).into_owned()
}
