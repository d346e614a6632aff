use std::fs;

use keyfold_tests::{Device, Server, exit, fed};

use crate::{passkeys, shop_known_to, signs_in};

#[test]
fn a_server_under_another_ca_is_not_talked_to() {
    let (server, other) = (Server::start(), Server::start());
    let a = Device::founded(&server, "Ana's laptop");
    let shop = shop_known_to(&a, "shop.example");
    let b = Device::new(&server);

    // Somebody else's CA, and none: then the system's authorities count, and none of them knows this server.
    let others_ca = other.ca();
    for ca in [&["--ca", others_ca.to_str().unwrap()][..], &[]] {
        for command in [["account", "create"], ["device", "enroll"]] {
            let told = untrusted(&b, ca, &[&command[..], &["--server", b.url()]].concat());
            assert!(told.starts_with("the server's certificate is not trusted: "), "{told}");
            assert!(told.contains("--ca FILE"), "{told}");
        }
    }
    untrusted(&a, &["--ca", others_ca.to_str().unwrap()], &["sync"]);

    b.fails(exit::NOT_FOUND, &["status"]);
    b.found("Ana's phone", "ed25519");
    a.ok(&["sync"]);
    assert_eq!(passkeys(&a).len(), 1);
    signs_in(&a, &shop);
}

#[test]
fn what_is_pinned_when_the_account_is_made_needs_no_option_later() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let mut command = a.bare();
    command.args(["--json", "sync", "--passphrase-file"]).arg(a.passphrase_file());
    fed(command, "").done();
}

#[test]
fn a_file_without_a_certificate_is_no_ca() {
    let server = Server::start();
    let b = Device::new(&server);
    let file = b.home().join("notes.txt");
    for contents in ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        fs::write(&file, contents).unwrap();
        untrusted(&b, &["--ca", file.to_str().unwrap()], &["account", "create", "--server", b.url()]);
    }
}

/// Runs a command with this `--ca` or none, which must be refused for it in both forms; gives the line.
#[track_caller]
fn untrusted(device: &Device, ca: &[&str], arguments: &[&str]) -> String {
    let command = || {
        let mut command = device.bare();
        command.args(ca).args(arguments).arg("--passphrase-file").arg(device.passphrase_file());
        command
    };
    let mut json = command();
    json.arg("--json");
    fed(json, "").problem(exit::NOT_TRUSTED);
    fed(command(), "").line(exit::NOT_TRUSTED)
}
