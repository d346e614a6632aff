//! What it takes to have a body read.

use std::time::Duration;

use keyfold_wire::v1::{Accepted, AppendEntry, EpochLink, ProblemCode, Push, SealedKey};
use prost::Message;

use crate::world::{Answer, Device, Line, Server, Session, answered, eventually};

/// The head of a push whose body never comes.
fn promised(session: &Session, bytes: usize) -> String {
    session.head("POST", "/v1/commits", b"x").replace("content-length: 1\r\n", &format!("content-length: {bytes}\r\n"))
}

#[test]
fn nobody_but_a_device_has_a_body_read() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let mut stranger = ana.session.clone();
    stranger.secret = keyfold_crypto::session::SessionSecret::new([1; 32]);
    for head in
        [promised(&stranger, 17_000_000), "POST /v1/commits HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n".into()]
    {
        // The answer comes although not one byte of the body does.
        assert_eq!(server.line().ask(&head, b"").code(), ProblemCode::Unauthenticated);
    }
}

#[test]
fn what_is_left_of_a_refused_body_is_not_read_for_ever() {
    let server = Server::start();
    for head in ["POST /v1/commits", "GET /v1/server", "GET /nowhere"] {
        let mut line = server.line();
        line.send(format!("{head} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").as_bytes());
        let mut answered = server.line();
        while line.try_send(b"1\r\nx\r\n") {
            // Others are served meanwhile, and so is time.
            assert_eq!(answered.ask("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", b"").status, 200);
        }
    }
}

#[test]
fn a_device_whose_clock_is_wrong_has_no_body_read() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let late =
        ana.session.head_at("POST", "/v1/commits", b"x", 1_000).replace("content-length: 1", "content-length: 9");
    assert_eq!(server.line().ask(&late, b"").code(), ProblemCode::ClockSkew);
}

#[test]
fn a_session_that_is_over_has_no_body_read() {
    let server = Server::start();
    let ana = Device::founded(&server);
    server.wait(Duration::from_secs(600));
    assert_eq!(server.line().ask(&promised(&ana.session, 9), b"").code(), ProblemCode::Unauthenticated);
}

#[test]
fn a_device_that_asks_too_often_is_turned_away_before_its_body_and_its_nonce_is_not_used_up() {
    let server = Server::start_with(|settings| {
        settings.rates.device_per_second = 1;
        // Whoever waits for a body waits longer than this test.
        (settings.http.piece_timeout, settings.http.body_timeout) = (600, 600);
    });
    let ana = Device::founded(&server);
    let head = answered("a request is turned away", || {
        ana.get("/v1/head");
        let head = ana.session.head("GET", "/v1/head", b"");
        (server.line().ask(&head, b"").status == 429).then_some(head)
    });
    // A push that is turned away is answered without its body.
    eventually("a push is turned away", || {
        ana.get("/v1/head");
        ana.get("/v1/head").status == 429 && server.line().ask(&promised(&ana.session, 9), b"").status == 429
    });
    let ask = || -> Answer {
        answered("its rate allows it", || {
            let answer = server.line().ask(&head, b"");
            (answer.status == 200 || answer.code() != ProblemCode::RateLimited).then_some(answer)
        })
    };
    assert_eq!(ask().status, 200, "it was turned away before and is no replay");
    assert_eq!(ask().code(), ProblemCode::Replayed);
}

#[test]
fn a_body_is_the_one_that_was_signed() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let head = ana.session.head("POST", "/v1/commits", b"push");
    assert_eq!(server.line().ask(&head, b"Push").code(), ProblemCode::Unauthenticated);
    let head = ana.session.head("GET", "/v1/head", b"");
    let other = head.replace("GET /v1/head", "GET /v1/pull");
    assert_eq!(server.line().ask(&other, b"").code(), ProblemCode::Unauthenticated);
}

#[test]
fn one_device_holds_no_more_memory_than_a_push_needs_and_others_push_meanwhile() {
    let server = Server::start();
    let (ana, ben) = (Device::founded(&server), Device::founded(&server));
    let body = vec![0; 15_000_000];
    let mut held = server.line();
    held.send(ana.session.head("POST", "/v1/commits", &body).as_bytes());
    held.send(&body[1..]);
    // The first push lacks one byte and is held; the second is more than the device's part.
    eventually("the device's part is used up", || {
        let head = ana.session.head("POST", "/v1/commits", &body);
        server.line().ask(&head, &body).code() == ProblemCode::RateLimited
    });
    let push = ben.draft(vec![vec![7; 60_000]; 100]);
    let _: Accepted = ben.post("/v1/commits", &push).message();
    held.send(&body[..1]);
    assert_eq!(held.answer().code(), ProblemCode::Malformed, "zeros are no push, but they were read");
}

#[test]
fn one_address_holds_little_and_devices_go_on() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let head = "POST /v1/accounts HTTP/1.1\r\nhost: x\r\ncontent-length: 65000\r\n\r\n";
    let half = vec![0; 64_000];
    let held: Vec<Line<_>> = (0..16)
        .map(|_| {
            let mut line = server.line();
            line.send(head.as_bytes());
            line.send(&half);
            line
        })
        .collect();
    eventually("the address's part is used up", || {
        server.post("/v1/accounts", &[0; 65_000]).code() == ProblemCode::RateLimited
    });
    ana.fill(10, 60_000);
    drop(held);
}

#[test]
fn a_body_that_comes_too_slowly_is_to_be_sent_again() {
    let server = Server::start_with(|settings| settings.http.piece_timeout = 1);
    let ana = Device::founded(&server);
    let mut line = server.line();
    line.send(promised(&ana.session, 100).as_bytes());
    line.send(b"x");
    let refused = line.answer();
    assert_eq!((refused.status, refused.code()), (429, ProblemCode::RateLimited));
    assert!(refused.problem().retry_after > 0);
}

#[test]
fn more_envelopes_keys_or_links_than_there_can_be_are_refused_unread() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let push = |envelopes: usize| Push { commit: None, envelopes: vec![Vec::new(); envelopes] };
    assert_eq!(ana.post("/v1/commits", &push(1_001)).code(), ProblemCode::TooLarge);
    assert_eq!(ana.post("/v1/commits", &push(1_000)).code(), ProblemCode::Malformed, "it has no commit");

    let entry = |keys: usize, links: usize| AppendEntry {
        entry: None,
        sealed_keys: vec![SealedKey::default(); keys],
        links: vec![EpochLink::default(); links],
    };
    assert_eq!(ana.post("/v1/roster", &entry(66, 0)).code(), ProblemCode::TooLarge);
    assert_eq!(ana.post("/v1/roster", &entry(0, 257)).code(), ProblemCode::TooLarge);
    assert_eq!(ana.post("/v1/roster", &entry(65, 256)).code(), ProblemCode::Malformed, "it has no entry");
    assert!(push(1_001).encoded_len() < 3_000);
}
