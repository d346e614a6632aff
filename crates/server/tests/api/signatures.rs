//! A request is a device's only if it is signed under its session, in one form, just now, and once.

use std::time::Duration;

use keyfold_crypto::session::SessionSecret;
use keyfold_wire::v1::{Heads, ProblemCode};

use crate::world::{Answer, Device, Server};

const MINUTE: u64 = 60 * 1000;

fn polls(server: &Server, head: &str) -> Answer {
    server.line().ask(head, b"")
}

#[test]
fn a_request_that_lacks_a_field_of_its_signature_or_has_it_twice_is_nobodys() {
    let server = Server::start();
    let ana = Device::founded(&server);
    for field in ["content-digest", "signature-input", "signature"] {
        let head = ana.session.head("GET", "/v1/head", b"");
        let line = head.lines().find(|line| line.starts_with(&format!("{field}: "))).unwrap();
        polls(&server, &head.replace(&format!("{line}\r\n"), "")).refused(ProblemCode::Unauthenticated);
        polls(&server, &head.replace(line, &format!("{line}\r\n{line}"))).refused(ProblemCode::Unauthenticated);
        let _: Heads = polls(&server, &head).message();
    }
}

#[test]
fn a_signature_in_any_other_form_than_the_protocols_is_refused() {
    let server = Server::start();
    let ana = Device::founded(&server);
    for (part, other) in [
        ("\"@method\" \"@target-uri\" \"content-digest\"", "\"@target-uri\" \"@method\" \"content-digest\""),
        ("\"@method\" \"@target-uri\" \"content-digest\"", "\"@method\" \"@target-uri\""),
        ("signature-input: keyfold=", "signature-input: sig1="),
        ("signature: keyfold=", "signature: sig1="),
        (";created=", ";alg=\"hmac-sha256\";created="),
        (";created=", ";created=0"),
        (";tag=\"keyfold\"", ""),
        (";tag=\"keyfold\"", ";tag=\"keyfold\";x=1"),
        ("content-digest: sha-256=:", "content-digest: sha-512=:"),
    ] {
        let head = ana.session.head("GET", "/v1/head", b"");
        assert!(head.contains(part));
        polls(&server, &head.replace(part, other)).refused(ProblemCode::Unauthenticated);
    }
}

#[test]
fn a_session_that_this_server_did_not_open_signs_nothing() {
    let server = Server::start();
    let (ana, ben) = (Device::founded(&server), Device::founded(&server));
    let mut others = ana.session.clone();
    others.secret = ben.session.secret.clone();
    let mut longer = ana.session.clone();
    longer.id.expires_at += MINUTE;
    let mut somebody = ana.session.clone();
    somebody.id.device = ben.id();
    let mut made_up = ana.session.clone();
    (made_up.id.kid, made_up.secret) = (999, SessionSecret::new([7; 32]));
    for session in [others, longer, somebody, made_up] {
        polls(&server, &session.head("GET", "/v1/head", b"")).refused(ProblemCode::Unauthenticated);
    }
    let elsewhere = Server::start();
    polls(&elsewhere, &ana.session.head("GET", "/v1/head", b"")).refused(ProblemCode::Unauthenticated);
}

#[test]
fn a_signature_is_for_one_method_one_path_one_query_and_one_body() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let signed = |path: &str| ana.session.head("GET", path, b"");
    for (signed_for, sent) in [
        (signed("/v1/head"), "GET /v1/hints"),
        (signed("/v1/pull?roster_since=1&vault_since=0"), "GET /v1/pull?roster_since=0&vault_since=0"),
        (signed("/v1/pull"), "GET /v1/pull?snapshot=1"),
        (signed("/v1/commits"), "POST /v1/commits"),
    ] {
        let (line, rest) = signed_for.split_once(" HTTP").unwrap();
        assert_ne!(line, sent);
        polls(&server, &format!("{sent} HTTP{rest}")).refused(ProblemCode::Unauthenticated);
    }
    let head = ana.session.head("POST", "/v1/commits", b"this");
    server.line().ask(&head, b"that").refused(ProblemCode::Unauthenticated);
}

#[test]
fn a_session_ends_after_ten_minutes() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let at = |server: &Server| ana.session.head_at("GET", "/v1/head", b"", server.now() / 1_000);
    server.wait(Duration::from_millis(9 * MINUTE));
    let _: Heads = polls(&server, &at(&server)).message();
    server.wait(Duration::from_millis(MINUTE));
    polls(&server, &at(&server)).refused(ProblemCode::Unauthenticated);
}

#[test]
fn a_request_is_signed_within_a_minute_of_the_servers_clock() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let now = server.now() / 1_000;
    for off in [62, 3_600] {
        for created in [now - off, now + off] {
            let head = ana.session.head_at("GET", "/v1/head", b"", created);
            let problem = polls(&server, &head).refused(ProblemCode::ClockSkew);
            assert!(problem.time.abs_diff(server.now()) < MINUTE, "it tells the server's time");
        }
    }
    for created in [now - 50, now + 50] {
        let _: Heads = polls(&server, &ana.session.head_at("GET", "/v1/head", b"", created)).message();
    }
}

#[test]
fn a_nonce_is_used_once() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let head = ana.session.head("GET", "/v1/head", b"");
    let _: Heads = polls(&server, &head).message();
    polls(&server, &head).refused(ProblemCode::Replayed);
    polls(&server, &head).refused(ProblemCode::Replayed);
    let _: Heads = ana.get("/v1/head").message();
}
