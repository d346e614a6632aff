use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use keyfold_tests::{Device, Port, Server, exit};

use crate::{passkeys, shop_known_to, signs_in};

#[test]
fn without_a_network_passkeys_are_made_and_used_and_later_they_are_sent() {
    let mut server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::enrolled(&server, "Ana's phone", &a);
    server.kill();

    for command in [&["sync"][..], &["device", "rename", "a", "Ana's desk"], &["account", "delete", "--yes"]] {
        let detail = a.fails(exit::NO_NETWORK, command);
        assert!(detail.starts_with("cannot reach the server: "), "{detail}");
    }
    let shop = shop_known_to(&a, "shop.example");
    signs_in(&a, &shop);
    assert_eq!(passkeys(&a)[0]["state"], "unsent");

    server.restart();
    assert_eq!(a.ok(&["sync"])["items_pushed"], 1);
    b.ok(&["sync"]);
    signs_in(&b, &shop);
}

#[test]
fn a_remark_tells_that_a_passkey_is_not_sent_yet() {
    let mut server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    server.kill();
    let shop = keyfold_tests::Shop::new("shop.example");
    let arguments = ["webauthn", "create", "--origin", &shop.origin(), "--yes"];
    let said = a.run_with(&arguments, &shop.registration_options("ana@shop.example"));
    said.done();
    assert!(said.err.starts_with("keyfold: kept on this device; the next sync will send it ("), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
}

#[test]
fn where_nobody_answers_no_account_is_begun() {
    let server = Server::start();
    let a = Device::new(&server);
    let nobody = Port::reserved();
    for url in [format!("https://localhost:{}", nobody.number()), "https://no-such-host.invalid".to_owned()] {
        a.fails(exit::NO_NETWORK, &["account", "create", "--server", &url]);
        a.fails(exit::NO_NETWORK, &["device", "enroll", "--server", &url]);
    }
    a.fails(exit::NOT_FOUND, &["status"]);
    a.found("Ana's laptop", "ed25519");
}

#[test]
fn a_server_that_does_not_speak_tls_is_out_of_reach() {
    let server = Server::start();
    let a = Device::new(&server);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", other.local_addr().unwrap().port());
    let answers = thread::spawn(move || {
        // Once for each of the two forms of the command.
        for connection in other.incoming().take(2) {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]).unwrap();
            connection.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    });
    a.fails(exit::NO_NETWORK, &["account", "create", "--server", &url]);
    answers.join().unwrap();
}

#[test]
fn what_is_no_address_of_a_server_is_wrong_usage() {
    let server = Server::start();
    let a = Device::new(&server);
    for url in ["http://localhost:8443", "localhost:8443", "https://ana@localhost", "ftp://localhost"] {
        a.fails(exit::USAGE, &["account", "create", "--server", url]);
    }
}
