//! Whom the server takes a stranger for.

use crate::world::{Server, begin};

#[test]
fn behind_a_proxy_that_is_trusted_each_address_has_its_own_rate() {
    let server = Server::start_with(|settings| {
        settings.trust_forwarded_for = true;
        settings.rates.anonymous_per_minute = 1;
    });
    let from = |address: &str| begin(&server, &format!("x-forwarded-for: {address}\r\n")).status;
    assert_eq!(from("192.0.2.1"), 200);
    assert_eq!(from("192.0.2.1:51234"), 429);
    assert_eq!(from("192.0.2.1, 192.0.2.2"), 200, "what the client itself wrote before does not count");
    assert_eq!(from("[2001:db8::1]:443"), 200);
}

#[test]
fn nobody_else_is_believed_about_his_address() {
    let server = Server::start_with(|settings| settings.rates.anonymous_per_minute = 1);
    assert_eq!(begin(&server, "x-forwarded-for: 192.0.2.1\r\n").status, 200);
    assert_eq!(begin(&server, "x-forwarded-for: 192.0.2.2\r\n").status, 429);
}

#[test]
fn over_tls_nobody_stands_in_front() {
    let server = Server::start_with(|settings| {
        settings.trust_forwarded_for = true;
        settings.rates.anonymous_per_minute = 1;
    });
    let ask = |address: &str| {
        let head = format!("GET /v1/server HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {address}\r\n\r\n");
        server.tls_line().ask(&head, b"").status
    };
    assert_eq!((ask("192.0.2.1"), ask("192.0.2.2")), (200, 429));
}
