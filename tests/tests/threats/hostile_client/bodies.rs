use std::io::{Read, Write};

use keyfold_client::ProblemCode;
use keyfold_wire::v1::Problem;
use prost::Message;
use rustls::version::TLS13;

use crate::world::{Device, Home};

/// Sends a request's head and these pieces of its body, as long as the server listens, and never says that it is done;
/// gives the answer.
fn answered(home: &Home, headers: &str, pieces: impl Iterator<Item = Vec<u8>>) -> (String, ProblemCode) {
    let mut raw = home.raw(&TLS13);
    let head = format!("POST /v1/accounts HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
    raw.write_all(head.as_bytes()).unwrap();
    for piece in pieces {
        // Once it has answered it need not listen any more.
        if raw.write_all(&piece).and_then(|()| raw.flush()).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // How the connection ends is not what is asked here.
    let _ = raw.read_to_end(&mut answer);
    let end_of_head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer") + 4;
    let status = String::from_utf8_lossy(&answer[9..12]).into_owned();
    (status, Problem::decode(&answer[end_of_head..]).unwrap().code.try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_body_without_an_end_is_cut_off_at_its_limit() {
    let home = Home::start().await;
    let chunk = [b"1000\r\n".as_slice(), &[7; 0x1000], b"\r\n"].concat();
    let endless = std::iter::repeat_n(chunk, 100_000);
    let (status, code) = answered(&home, "transfer-encoding: chunked\r\n", endless);
    assert_eq!((status.as_str(), code), ("413", ProblemCode::TooLarge));
    Device::founded(&home, "Ana's laptop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_body_that_does_not_come_is_not_waited_for() {
    let home = Home::start().await;
    let (status, code) = answered(&home, "content-length: 1000\r\n", std::iter::once(vec![7; 10]));
    assert_eq!((status.as_str(), code), ("429", ProblemCode::RateLimited));
    Device::founded(&home, "Ana's laptop").await;
}

/// What a head announces is believed at once.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_body_that_is_announced_as_too_long_is_not_read() {
    let home = Home::start().await;
    let (status, code) = answered(&home, "content-length: 99999999999\r\n", std::iter::empty());
    assert_eq!((status.as_str(), code), ("413", ProblemCode::TooLarge));
    Device::founded(&home, "Ana's laptop").await;
}
