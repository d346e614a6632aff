//! Answers that last, and how they end.

use std::{io::ErrorKind, net::TcpStream, time::Duration};

use keyfold_wire::v1::{Heads, ProblemCode};
use prost::Message;

use crate::world::{Device, Line, Server, eventually};

/// A pull of more than any two buffers between the server and a client that does not read.
const ITEMS: usize = 250;
const BYTES: usize = 66_000;

#[test]
fn a_pull_comes_whole() {
    let server = Server::start();
    let ana = Device::founded(&server);
    ana.fill(ITEMS, BYTES);
    let mut line = asked(&server, &ana, "/v1/pull");
    assert_eq!(line.head().0, 200);
    let frames = frames(&line.rest_of_stream().unwrap());
    assert_eq!(frames.len(), 1 + 2 + 1 + 1 + ITEMS + 1, "heads, two entries and a key, a commit, envelopes, end");
    assert_eq!(frames.last().unwrap()[..1], [0x42], "the end");
}

#[test]
fn a_device_has_two_pulls_and_four_listeners_and_a_seat_is_free_again() {
    let server = Server::start();
    let (ana, ben) = (Device::founded(&server), Device::founded(&server));
    ana.fill(ITEMS, BYTES);
    for (path, seats) in [("/v1/pull", 2), ("/v1/hints", 4)] {
        let open: Vec<_> = (0..seats).map(|_| opened(&server, &ana, path)).collect();
        assert_eq!(ana.get(path).code(), ProblemCode::RateLimited, "{path}");
        drop(opened(&server, &ben, path));
        drop(open);
        eventually("a seat is free", || asked(&server, &ana, path).head().0 == 200);
    }
}

#[test]
fn all_devices_together_have_as_many_seats_as_the_operator_says() {
    let server = Server::start_with(|settings| (settings.http.pulls, settings.http.hints) = (1, 1));
    let (ana, ben) = (Device::founded(&server), Device::founded(&server));
    ana.fill(ITEMS, BYTES);
    for path in ["/v1/pull", "/v1/hints"] {
        let _open = opened(&server, &ana, path);
        assert_eq!(ben.get(path).code(), ProblemCode::RateLimited, "{path}");
    }
}

#[test]
fn a_pull_that_nobody_reads_is_given_up() {
    let server = impatient_with_one_seat();
    let ana = Device::founded(&server);
    ana.fill(ITEMS, BYTES);
    let mut stalled = opened(&server, &ana, "/v1/pull");
    eventually("its seat is free", || asked(&server, &ana, "/v1/pull").head().0 == 200);
    assert!(stalled.rest_of_stream().is_err(), "what the client reads now does not come to its end");
}

#[test]
fn a_pull_that_nobody_reads_is_given_up_over_tls_too() {
    let server = impatient_with_one_seat();
    let ana = Device::founded(&server);
    ana.fill(ITEMS, BYTES);
    let mut stalled = server.tls_line();
    stalled.send(ana.session.head("GET", "/v1/pull", b"").as_bytes());
    assert_eq!(stalled.head().0, 200);
    eventually("its seat is free", || asked(&server, &ana, "/v1/pull").head().0 == 200);
    assert!(stalled.rest_of_stream().is_err(), "what the client reads now does not come to its end");
}

#[test]
fn a_removed_device_hears_and_pulls_no_more() {
    let server = Server::start();
    let ana = Device::founded(&server);
    ana.fill(ITEMS, BYTES);
    let ben = Device::enrolled_by(&ana);
    let mut hints = opened(&server, &ben, "/v1/hints");
    assert_eq!(hints.chunk().unwrap().unwrap(), b": listening\n\n");
    let mut pull = opened(&server, &ben, "/v1/pull");

    ana.remove(&ben);
    assert_eq!(hints.chunk().unwrap(), None, "the stream ends, and says nothing before");
    ends_short(&mut pull);
    assert_eq!(ben.get("/v1/pull").code(), ProblemCode::NotAMember);
}

#[test]
fn hints_end_with_their_session_and_a_pull_does_not() {
    let server = Server::start();
    let mut ana = Device::founded(&server);
    ana.fill(ITEMS, BYTES);
    ana.reopen();
    // Some seconds before the ten minutes are over.
    server.wait(Duration::from_secs(597));
    let mut hints = opened(&server, &ana, "/v1/hints");
    let mut pull = opened(&server, &ana, "/v1/pull");
    assert_eq!(hints.chunk().unwrap().unwrap(), b": listening\n\n");
    assert_eq!(hints.chunk().unwrap(), None);
    assert_eq!(frames(&pull.rest_of_stream().unwrap()).last().unwrap()[..1], [0x42], "the end");
}

#[test]
fn others_of_the_account_go_on_to_hear() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let ben = Device::enrolled_by(&ana);
    let mut hints = opened(&server, &ana, "/v1/hints");
    assert_eq!(hints.chunk().unwrap().unwrap(), b": listening\n\n");
    ana.remove(&ben);
    assert_eq!(hints.chunk().unwrap().unwrap(), b"event: moved\ndata: moved\n\n");
}

#[test]
fn a_server_that_stops_ends_its_streams_and_does_not_wait_for_who_sleeps() {
    let mut server = Server::start_with(|settings| settings.http.shutdown_timeout = 600);
    let (mut hints, mut pull) = {
        let ana = Device::founded(&server);
        ana.fill(ITEMS, BYTES);
        (opened(&server, &ana, "/v1/hints"), opened(&server, &ana, "/v1/pull"))
    };
    server.stop();
    assert_eq!(hints.chunk().unwrap().unwrap(), b": listening\n\n");
    assert_eq!(hints.chunk().unwrap(), None);
    ends_short(&mut pull);
}

/// Whoever sleeps is given up after a second, and nobody else pulls before that.
fn impatient_with_one_seat() -> Server {
    Server::start_with(|settings| (settings.http.write_timeout, settings.http.pulls) = (1, 1))
}

/// A connection on which this was asked.
fn asked(server: &Server, device: &Device<'_>, path: &str) -> Line<TcpStream> {
    let mut line = server.line();
    line.send(device.session.head("GET", path, b"").as_bytes());
    line
}

/// A connection on which the answer has begun.
#[track_caller]
fn opened(server: &Server, device: &Device<'_>, path: &str) -> Line<TcpStream> {
    let mut line = asked(server, device, path);
    assert_eq!(line.head().0, 200);
    line
}

/// The server ended the pull, with or without a word, and without the frame that says that it is whole.
#[track_caller]
fn ends_short(pull: &mut Line<TcpStream>) {
    match pull.rest_of_stream() {
        Ok(short) => assert_ne!(frames(&short).last().unwrap()[..1], [0x42]),
        Err(cut) => assert_ne!(cut.kind(), ErrorKind::WouldBlock, "the connection is still open"),
    }
}

/// The frames that came whole.
fn frames(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = stream.split_first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap();
        let Some((frame, rest)) = rest.split_at_checked(length) else { break };
        frames.push(frame.to_vec());
        stream = rest;
    }
    frames
}

#[test]
fn a_pull_begins_with_the_heads() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let mut line = opened(&server, &ana, "/v1/pull");
    let frames = frames(&line.rest_of_stream().unwrap());
    let heads: Heads = ana.get("/v1/head").message();
    assert!(frames[0].ends_with(&heads.encode_to_vec()));
}
