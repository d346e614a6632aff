use std::fs;

use keyfold_tests::{Device, Server, exit};

use crate::{passkeys, shop_known_to, signs_in};

#[test]
fn a_wrong_passphrase_opens_nothing_and_changes_nothing() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = shop_known_to(&a, "shop.example");
    let right = fs::read(a.passphrase_file()).unwrap();

    let wrong = "correct horse battery stable\n";
    for command in [
        &["sync"][..],
        &["passkey", "list"],
        &["account", "delete", "--yes"],
        &["device", "rename", "a", "Mallory's laptop"],
        &["device", "approve"],
    ] {
        fs::write(a.passphrase_file(), wrong).unwrap();
        assert_eq!(a.fails(exit::WRONG_PASSPHRASE, command), "wrong passphrase");
        // Or the next would have to wait.
        fs::write(a.passphrase_file(), &right).unwrap();
        a.ok(&["unlock"]);
    }
    fs::write(a.passphrase_file(), wrong).unwrap();
    let options = shop.sign_in_options();
    let said = a.run_with(&["webauthn", "get", "--origin", &shop.origin(), "--yes"], &options);
    said.problem(exit::WRONG_PASSPHRASE);

    fs::write(a.passphrase_file(), right).unwrap();
    assert_eq!(passkeys(&a).len(), 1);
    signs_in(&a, &shop);
}

#[test]
fn a_passphrase_that_is_easy_to_guess_is_not_taken() {
    let server = Server::start();
    let a = Device::new(&server);
    fs::write(a.passphrase_file(), "1234567\n").unwrap();
    a.fails(exit::USAGE, &["account", "create", "--server", a.url()]);
    a.fails(exit::NOT_FOUND, &["status"]);
}
