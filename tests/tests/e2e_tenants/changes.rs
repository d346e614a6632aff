//! What changes is told within seconds: in reports, and in the status lists of leaves and of reports before.

use keyfold_tests::{Client, Device, Domain, Server, Tenant, server_that_asks};
use serde_json::{Value, json};

use crate::{Passkey, reasons, within_seconds};

/// Two devices of an account that a tenant vouches for, and a passkey at a shop.
struct Desk<'a> {
    tenant: Tenant<'a>,
    shop: Client,
    laptop: Device,
    phone: Device,
    passkey: Passkey,
}

impl<'a> Desk<'a> {
    fn on(server: &'a Server, domain: &Domain) -> Self {
        let tenant = Tenant::founded(server, "Example Ltd.");
        tenant.requires_little();
        let laptop = Device::founded(server, "Ana's laptop");
        tenant.takes_in(&laptop, "Ana");
        let phone = Device::enrolled(server, "Ana's phone", &laptop);
        let shop = tenant.client("Shop");
        tenant.lists(&shop, domain);
        laptop.ok(&["tenant", "report"]);
        phone.ok(&["tenant", "report"]);
        let (passkey, _) = Passkey::registered(&shop, &laptop, domain.name());
        phone.ok(&["sync"]);
        Self { tenant, shop, laptop, phone, passkey }
    }

    fn leaf_status(&self, device: &Device) -> String {
        let told = self.passkey.signs_in(&self.shop, device);
        told["device"]["status"].as_str().unwrap().to_owned()
    }

    /// Where the status of a report stands that was valid as it came.
    fn report_reference(&self) -> Value {
        let report = self.shop.report(&self.passkey.known());
        assert_eq!(report.0["standing"], "valid");
        report.claims()["status"]["status_list"].clone()
    }

    fn reported(&self) -> Value {
        self.passkey.reported(&self.shop)
    }
}

#[test]
fn threat_rp_a_device_that_is_removed_counts_no_more() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let desk = Desk::on(&server, &domain);
    // What the phone shows once more after it was removed, as it has not heard of it.
    let (response, challenge) = desk.passkey.assertion(&desk.phone);
    let before = desk.report_reference();
    assert_eq!(desk.reported()["holders"], "2-3");

    let phone = desk.phone.ok(&["status"])["device"].as_str().unwrap().to_owned();
    desk.laptop.ok(&["device", "remove", &phone, "--yes"]);

    assert_eq!((&desk.reported()["holders"], &desk.reported()["compliant_holders"]), (&"1".into(), &"1".into()));
    within_seconds(|| desk.shop.standing(&before) == "invalid");
    let question = desk.passkey.question(&challenge, &response);
    let told = desk.shop.ask("/v1/rp/assertions", &question).told().clone();
    assert_eq!((&told["device"]["verdict"], &told["device"]["status"]), (&"verified".into(), &"invalid".into()));
    assert_ne!(told["verdict"]["basis"], "attested");
    assert_eq!(desk.leaf_status(&desk.laptop), "valid", "the other one goes on");
}

#[test]
fn an_export_is_told() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let desk = Desk::on(&server, &domain);
    let before = desk.report_reference();
    assert_eq!(desk.reported()["exports"], "0");
    let file = desk.laptop.home().join("passkeys.json");
    let file = file.to_str().unwrap();
    desk.laptop.ok(&["export", file, "--plaintext", "--confirm", "passkeys.json"]);
    within_seconds(|| desk.shop.standing(&before) == "invalid");
    assert_eq!(desk.reported()["exports"], "1");
}

#[test]
fn threat_rp_a_device_that_falls_out_of_compliance_is_suspended_and_comes_back() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let desk = Desk::on(&server, &domain);
    let before = desk.report_reference();
    assert_eq!(desk.leaf_status(&desk.laptop), "valid");

    desk.tenant.requires_too_much();
    within_seconds(|| desk.shop.standing(&before) == "invalid");
    assert_eq!(desk.leaf_status(&desk.laptop), "suspended");
    assert_eq!((&desk.reported()["holders"], &desk.reported()["compliant_holders"]), (&"2-3".into(), &"0".into()));
    let refused = desk.laptop.ok(&["tenant", "report"]);
    assert_eq!(refused["tenants"][0]["compliance"], "non-compliant");
    // It still has its leaf, and attests with it; who asks is told that this counts no more.
    let (_, verdict) = Passkey::registered(&desk.shop, &desk.laptop, "shop.example");
    assert!(reasons(&verdict).contains(&"attestation-withdrawn"), "{verdict}");
    assert_ne!(verdict["basis"], "attested");

    desk.tenant.requires_little();
    within_seconds(|| desk.leaf_status(&desk.laptop) == "valid");
    assert_eq!(desk.reported()["compliant_holders"], "2-3");
}

#[test]
fn recovery_is_told() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let desk = Desk::on(&server, &domain);
    let code = desk.laptop.home().join("code.txt");
    let code = code.to_str().unwrap();
    let before = desk.report_reference();
    desk.laptop.ok(&["recovery", "create", "--delay", "0s", "--new-code-file", code, "--yes"]);
    within_seconds(|| desk.shop.standing(&before) == "invalid");
    assert_eq!(desk.reported()["recovery_members"], "1");

    let before = desk.report_reference();
    let new = Device::new(&server);
    let new_code = new.home().join("new-code.txt");
    let arguments = ["recovery", "use", "--server", new.url(), "--code-file", code, "--name", "New laptop", "--yes"];
    let used = new.run(&[&arguments[..], &["--new-code-file", new_code.to_str().unwrap()]].concat());
    assert_eq!(used.status, 0, "{}", used.err);
    within_seconds(|| desk.shop.standing(&before) == "invalid");
    let members = desk.tenant.does(&["member", "list"]);
    assert_eq!(members["recoveries"], 1);
}

#[test]
fn threat_rp_an_account_that_leaves_is_vouched_for_no_more() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let desk = Desk::on(&server, &domain);
    let (response, challenge) = desk.passkey.assertion(&desk.phone);
    let before = desk.report_reference();
    desk.laptop.fails(keyfold_tests::exit::NOT_ALLOWED, &["tenant", "leave", &desk.tenant.id, "--confirm", "Another"]);
    desk.laptop.ok(&["tenant", "leave", &desk.tenant.id, "--confirm", "Example Ltd."]);
    desk.shop.report(&desk.passkey.known()).refused(404, "not-found");
    within_seconds(|| desk.shop.standing(&before) == "invalid");
    let question = desk.passkey.question(&challenge, &response);
    let told = desk.shop.ask("/v1/rp/assertions", &question).told().clone();
    assert_eq!(told["device"]["status"], "invalid");
    // Its devices show nothing of the tenant any more, and make no statements for it.
    assert_eq!(desk.laptop.ok(&["tenant", "list"]), json!({ "tenants": [] }));
    assert_eq!(desk.passkey.signs_in(&desk.shop, &desk.laptop)["device"]["verdict"], "absent");
}

#[test]
fn an_account_that_joins_again_is_vouched_for_anew_on_each_of_its_devices() {
    let domain = Domain::new("shop.example");
    let server = server_that_asks(&[&domain]);
    let desk = Desk::on(&server, &domain);
    assert_eq!(desk.leaf_status(&desk.phone), "valid");
    // The phone hears of both at once.
    desk.laptop.ok(&["tenant", "leave", &desk.tenant.id, "--confirm", "Example Ltd."]);
    desk.shop.report(&desk.passkey.known()).refused(404, "not-found");
    desk.tenant.takes_in(&desk.laptop, "Ana");
    desk.phone.ok(&["tenant", "report"]);
    within_seconds(|| desk.leaf_status(&desk.phone) == "valid");
}
