use std::{fs, path::Path};

use keyfold_tests::{Device, Server, ServerOptions, exit};

use crate::{passkeys, shop_known_to, signs_in};

/// Copies the files of a server that stands still.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[test]
fn a_server_that_forgot_stops_sync_and_goes_on_once_it_remembers() {
    let disk = tempfile::tempdir().unwrap();
    let mut server =
        Server::start_with(ServerOptions { disk: Some(disk.path().to_owned()), ..ServerOptions::default() });
    let a = Device::founded(&server, "Ana's laptop");
    let (old, new) = (disk.path().join("old"), disk.path().join("new"));
    assert!(server.stop().success());
    copy(server.data(), &old);
    server.restart();
    let shop = shop_known_to(&a, "shop.example");
    a.ok(&["sync"]);
    assert!(server.stop().success());
    copy(server.data(), &new);

    copy(&old, server.data());
    server.restart();
    for _ in 0..2 {
        let detail = a.fails(exit::SYNC_STOPPED, &["sync"]);
        assert!(
            detail.starts_with("the server is behind this device: ") && detail.contains("`keyfold offer`"),
            "{detail}"
        );
    }
    // It does not know that it forgot: what it is given would be a second history.
    let detail = a.fails(exit::SYNC_STOPPED, &["offer", "--yes"]);
    assert!(detail.starts_with("the server takes no offers"), "{detail}");
    signs_in(&a, &shop);
    assert_eq!(passkeys(&a).len(), 1);

    assert!(server.stop().success());
    copy(&new, server.data());
    server.restart();
    a.ok(&["sync"]);
    assert!(a.ok(&["status"])["stopped"].is_null());
    shop_known_to(&a, "bank.example");
    a.ok(&["sync"]);
}

#[test]
fn devices_compare_the_account_as_it_stood_when_one_of_them_last_looked() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::enrolled(&server, "Ana's phone", &a);
    let before = b.ok(&["safety-number"]);
    shop_known_to(&a, "shop.example");
    a.ok(&["sync"]);
    assert_ne!(a.ok(&["safety-number"])["safety_number"], before["safety_number"]);
    let seq = |name: &str| before[name].to_string();
    let at = ["safety-number", "--roster-seq", &seq("roster_seq"), "--vault-seq", &seq("vault_seq")];
    assert_eq!(a.ok(&at)["safety_number"], before["safety_number"]);
}
