use keyfold_tests::{Device, Server, ServerOptions, Shop, Watch, exit};

use crate::{id, two_devices};

#[test]
fn a_device_that_is_removed_hears_of_it_and_wipes_itself_and_the_others_go_on() {
    let server = Server::start();
    let (laptop, phone, shop) = two_devices(&server);
    let lost = id(&phone);
    let watch = Watch::of(&phone);

    let removed = laptop.ok(&["device", "remove", &lost[..6], "--yes"]);
    assert_eq!(removed["removed"][0]["name"], "Ana's phone");
    assert_eq!((&removed["epoch"], &removed["passkeys_reencrypted"]), (&2.into(), &1.into()));
    assert_eq!(removed["to_replace"]["passkeys"][0]["rp_id"], "shop.example");

    let why = watch.ends().last_problem(exit::REMOVED);
    assert!(why.contains("by \"Ana's laptop\""), "{why}");
    for command in [&["sync"][..], &["status"], &["passkey", "list"]] {
        assert_eq!(phone.fails(exit::REMOVED, command), why);
    }
    assert!(shop.judge_sign_in(&laptop.sign_in(&shop.origin(), &shop.sign_in_options())).accepted());
    let devices = laptop.ok(&["device", "list"]);
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1);

    // The same machine may become a device again: another one.
    phone.join(&laptop, "Ana's phone, found again", "ed25519");
    assert!(shop.judge_sign_in(&phone.sign_in(&shop.origin(), &shop.sign_in_options())).accepted());
    assert_ne!(id(&phone), lost);
}

#[test]
fn what_it_may_have_copied_is_listed_until_it_is_replaced() {
    let server = Server::start();
    let (laptop, phone, _) = two_devices(&server);
    assert_eq!(exposed(&laptop), Vec::<String>::new());
    laptop.ok(&["device", "remove", &id(&phone), "--yes"]);
    assert_eq!(exposed(&laptop), ["shop.example"]);
    let bank = Shop::new("bank.example");
    let made = laptop.make_passkey(&bank.origin(), &bank.registration_options("ana@bank.example"));
    bank.judge_registration(&made);
    assert_eq!(exposed(&laptop), ["shop.example"], "the phone never had the other");
    let passkeys = laptop.ok(&["passkey", "list"]);
    let old = passkeys["passkeys"].as_array().unwrap().iter().find(|passkey| passkey["rp_id"] == "shop.example");
    laptop.ok(&["passkey", "delete", old.unwrap()["id"].as_str().unwrap(), "--yes"]);
    assert_eq!(exposed(&laptop), Vec::<String>::new());
}

fn exposed(device: &Device) -> Vec<String> {
    let listed = device.ok(&["passkey", "list", "--exposed"]);
    listed["passkeys"].as_array().unwrap().iter().map(|passkey| passkey["rp_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn nobody_is_removed_without_being_named_and_no_device_by_itself() {
    let server = Server::start();
    let (laptop, phone, _) = two_devices(&server);
    let both = [id(&laptop), id(&phone)];
    laptop.fails(exit::USAGE, &["device", "remove", ""]);
    laptop.fails(exit::NOT_FOUND, &["device", "remove", "zzzz", "--yes"]);
    let own = laptop.fails(exit::NOT_ALLOWED, &["device", "remove", &both[0], &both[1], "--yes"]);
    assert!(own.contains("cannot remove itself"), "{own}");
    assert_eq!(laptop.ok(&["device", "list"])["devices"].as_array().unwrap().len(), 2);
    phone.ok(&["sync"]);
}

#[test]
fn an_epoch_may_be_begun_at_any_time() {
    let server = Server::start();
    let (laptop, phone, shop) = two_devices(&server);
    let rotated = phone.ok(&["epoch", "rotate"]);
    assert_eq!((&rotated["epoch"], &rotated["passkeys_reencrypted"]), (&2.into(), &1.into()));
    let synced = laptop.ok(&["sync"]);
    assert_eq!((&synced["entries_pulled"], &synced["items_pulled"]), (&1.into(), &1.into()));
    assert!(shop.judge_sign_in(&laptop.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
}

/// Whoever fills the account up, or writes without end, does not keep others from removing it.
#[test]
fn a_device_is_removed_although_the_account_is_full_and_an_edit_waits() {
    let full = ServerOptions::with([("KEYFOLD_LIMITS__ACCOUNT_BYTES", "12000")]);
    let server = Server::start_with(full);
    let (laptop, phone, _) = two_devices(&server);
    let passkey = phone.only_passkey();
    let fills = |number: u32| phone.run(&["passkey", "rename", &passkey, &format!("name {number}")]);
    while phone.ok(&["status"])["unsent_edits"] == 0 {
        fills(0);
        fills(1);
    }
    laptop.run(&["passkey", "rename", &laptop.only_passkey(), "an edit that waits"]);
    let removed = laptop.ok(&["device", "remove", &id(&phone), "--yes"]);
    assert_eq!((&removed["removed"][0]["name"], &removed["epoch"]), (&"Ana's phone".into(), &2.into()));
}

#[test]
fn who_is_removed_already_is_not_removed_again() {
    let server = Server::start();
    let (laptop, phone, _) = two_devices(&server);
    let lost = id(&phone);
    laptop.ok(&["device", "remove", &lost, "--yes"]);
    let again = laptop.ok(&["device", "remove", &lost[..8], "--yes"]);
    assert_eq!((&again["removed"][0]["name"], &again["epoch"]), (&"Ana's phone".into(), &2.into()));
}
