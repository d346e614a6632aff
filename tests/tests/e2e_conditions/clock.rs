use std::process::Command;

use keyfold_tests::{Device, Server, ServerOptions, clock_off_by, exit, fed};

use crate::{passkeys, shop_known_to, signs_in};

#[test]
fn a_device_whose_clock_is_off_by_an_hour_is_told_and_loses_nothing() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = shop_known_to(&a, "shop.example");
    for offset in ["+1h", "-1h"] {
        for command in [&["sync"][..], &["device", "rename", "a", "Ana's desk"], &["account", "delete", "--yes"]] {
            clock_is_wrong(&a, offset, command);
        }
        let get = a.command(&["webauthn", "get", "--origin", &shop.origin(), "--yes"]);
        let signed = fed(with_clock(get, offset), &shop.sign_in_options());
        signed.done();
        shop.judge_sign_in(&signed.out).backed_up();
    }
    a.ok(&["sync"]);
    assert_eq!(passkeys(&a).len(), 1);
    signs_in(&a, &shop);
}

#[test]
fn a_passkey_made_while_the_clock_was_wrong_is_sent_once_it_is_right() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::enrolled(&server, "Ana's phone", &a);
    for (offset, rp_id) in [("+1h", "shop.example"), ("-1h", "bank.example")] {
        let shop = keyfold_tests::Shop::new(rp_id);
        let create = a.command(&["webauthn", "create", "--origin", &shop.origin(), "--yes"]);
        let made = fed(with_clock(create, offset), &shop.registration_options("ana@shop.example"));
        made.done();
        shop.judge_registration(&made.out).backed_up();
        assert_eq!(made.err.lines().count(), 1, "{}", made.err);

        assert_eq!(a.ok(&["sync"])["items_pushed"], 1);
        assert_eq!(b.ok(&["sync"])["quarantined"].as_array().unwrap().len(), 0);
        signs_in(&b, &shop);
    }
}

#[test]
fn with_a_wrong_clock_no_account_and_no_enrolment_is_begun() {
    let server = Server::start();
    let a = Device::new(&server);
    for offset in ["+1h", "-1h"] {
        for command in [["account", "create"], ["device", "enroll"]] {
            let arguments = [&command[..], &["--server", a.url()]].concat();
            let detail = clock_is_wrong(&a, offset, &arguments);
            assert!(detail.contains("3600 seconds") || detail.contains("3599 seconds"), "{detail}");
        }
    }
    a.fails(exit::NOT_FOUND, &["status"]);
    a.found("Ana's laptop", "ed25519");
}

#[test]
fn a_server_whose_clock_is_off_by_an_hour_refuses_and_goes_on_once_it_is_set() {
    let mut server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::enrolled(&server, "Ana's phone", &a);
    let shop = shop_known_to(&a, "shop.example");
    for offset in ["+1h", "-1h"] {
        server.stop();
        server.restart_with(ServerOptions { environment: clock_off_by(offset).to_vec(), ..ServerOptions::default() });
        a.fails(exit::CLOCK, &["sync"]);
        let nobody = Device::new(&server);
        nobody.fails(exit::CLOCK, &["account", "create", "--server", nobody.url()]);
        signs_in(&a, &shop);
    }
    let bank = shop_known_to(&a, "bank.example");
    server.stop();
    server.restart_with(ServerOptions::default());
    a.ok(&["sync"]);
    b.ok(&["sync"]);
    for shop in [shop, bank] {
        signs_in(&b, &shop);
    }
}

/// The command fails for the clock alone, in one line in both forms; gives the detail.
#[track_caller]
fn clock_is_wrong(device: &Device, offset: &str, arguments: &[&str]) -> String {
    fed(with_clock(device.command_for_people(arguments), offset), "").line(exit::CLOCK);
    fed(with_clock(device.command(arguments), offset), "").problem(exit::CLOCK)
}

fn with_clock(mut command: Command, offset: &str) -> Command {
    command.envs(clock_off_by(offset));
    command
}
