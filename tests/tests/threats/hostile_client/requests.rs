use std::time::Duration;

use keyfold_client::{
    ProblemCode,
    transport::{HttpsTransport, Method, Request, Transport},
};
use keyfold_server::config::{RateSettings, Settings};
use keyfold_wire::v1::{BeginEnrolment, Problem};
use prost::Message;

use crate::world::{Device, Home, World, enrolled};

/// Sends a request as it is; gives the status and what the server says.
async fn sent(home: &Home, request: Request) -> (u16, Option<ProblemCode>) {
    let answer = HttpsTransport::new(home.place(), &home.trust()).unwrap().exchange(request).await.unwrap();
    let status = answer.status;
    let body = answer.read(1 << 20).await.unwrap();
    (status, if status >= 400 { Problem::decode(body.as_slice()).unwrap().code.try_into().ok() } else { None })
}

fn last(device: &Device, path: &str) -> Request {
    device.wire.seen().into_iter().rfind(|request| request.path.starts_with(path)).unwrap()
}

/// Whoever ends TLS sees the requests of a device, and may send them again or change them.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_request_is_good_once_and_as_it_was_signed() {
    let world = World::new().await;
    let before = world.laptop.everything().await;
    world.phone.engine.api().head().await.unwrap();
    let (head, open) = (last(&world.phone, "/v1/head"), last(&world.phone, "/v1/sessions"));
    assert_eq!(sent(&world.home, head.clone()).await, (401, Some(ProblemCode::Replayed)));
    assert_eq!(sent(&world.home, open).await, (401, Some(ProblemCode::Replayed)));

    let refused = (401, Some(ProblemCode::Unauthenticated));
    let elsewhere = Request { path: "/v1/pull".to_owned(), ..head.clone() };
    assert_eq!(sent(&world.home, elsewhere).await, refused, "another path");
    let unsigned = Request { headers: Vec::new(), ..head.clone() };
    assert_eq!(sent(&world.home, unsigned).await, refused, "no signature");
    let mut twice = head.clone();
    twice.headers.push(head.headers[0].clone());
    assert_eq!(sent(&world.home, twice).await, refused, "a header field twice");
    let post = Request { method: Method::Post, path: "/v1/commits".to_owned(), ..head };
    assert_eq!(sent(&world.home, post).await, refused, "another method");
    let mut pushed = last(&world.laptop, "/v1/commits");
    pushed.body[0] ^= 1;
    assert_eq!(sent(&world.home, pushed).await, refused, "another body");
    assert_eq!(world.laptop.everything().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_malformed_messages_are_refused() {
    let world = World::new().await;
    world.laptop_edits_both().await;
    let honest = world.laptop.wire.last_sent("/v1/commits");
    let before = world.laptop.everything().await;
    let api = world.phone.engine.api();
    for message in [
        Vec::new(),
        vec![0xff; 64],
        honest[..honest.len() - 1].to_vec(),
        [honest.as_slice(), b"\x78\x01"].concat(),
        [honest.as_slice(), honest.as_slice()].concat(),
    ] {
        assert_eq!(api.push(&message).await.unwrap_err().code(), Some(ProblemCode::Malformed));
        assert_eq!(api.append(&message).await.unwrap_err().code(), Some(ProblemCode::Malformed));
        assert_eq!(api.anonymous().create_account(&message).await.unwrap_err().code(), Some(ProblemCode::Malformed));
    }
    assert_eq!(world.laptop.everything().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_messages_that_are_too_long_are_refused() {
    let world = World::new().await;
    let api = world.phone.engine.api();
    let (kib, mib) = (1024, 1024 * 1024);
    let too_large = Some(ProblemCode::TooLarge);
    assert_eq!(api.push(&vec![7; 17 * mib + 1]).await.unwrap_err().code(), too_large);
    assert_eq!(api.append(&vec![7; 160 * kib + 1]).await.unwrap_err().code(), too_large);
    assert_eq!(api.anonymous().create_account(&vec![7; 68 * kib + 1]).await.unwrap_err().code(), too_large);
    assert_eq!(api.anonymous().delete_account(&vec![7; 2 * kib + 1]).await.unwrap_err().code(), too_large);
    world.phone.syncs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_device_that_floods_waits_and_others_do_not() {
    let settings =
        Settings { rates: RateSettings { device_per_second: 4, ..RateSettings::default() }, ..Settings::default() };
    let home = Home::start_with(settings).await;
    let laptop = Device::founded(&home, "Ana's laptop").await;
    let phone = enrolled(&home, &laptop).await;
    let mut refused = None;
    // More than the burst, at once: the client itself would wait, so the requests go round it.
    for _ in 0..200 {
        phone.wire.records_only();
        let _ = phone.engine.api().head().await;
        refused = sent(&home, last(&phone, "/v1/head")).await.1;
        if refused.is_some() {
            break;
        }
    }
    assert_eq!(refused, Some(ProblemCode::RateLimited));
    assert_eq!(sent_by(&home, &laptop).await, (200, None), "an honest device goes on");
}

/// Enrolments, sessions, accounts: what anybody may begin. Devices that are in have their own measure.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_address_that_floods_waits_and_devices_do_not() {
    let rates = RateSettings { anonymous_per_minute: 20, ..RateSettings::default() };
    let home = Home::start_with(Settings { rates, ..Settings::default() }).await;
    let laptop = Device::founded(&home, "Ana's laptop").await;
    laptop.syncs().await;
    let begin = Request {
        method: Method::Post,
        path: "/v1/enrolments".to_owned(),
        headers: Vec::new(),
        body: BeginEnrolment { commitment: vec![7; 32] }.encode_to_vec(),
        patience: Duration::from_secs(30),
    };
    let mut refused = None;
    for _ in 0..100 {
        refused = sent(&home, begin.clone()).await.1;
        if refused.is_some() {
            break;
        }
    }
    assert_eq!(refused, Some(ProblemCode::RateLimited));
    laptop.makes("mail.example").await;
    assert_eq!(laptop.syncs().await.items_pushed, 1, "an honest device goes on");
}

async fn sent_by(home: &Home, device: &Device) -> (u16, Option<ProblemCode>) {
    device.wire.records_only();
    let _ = device.engine.api().head().await;
    sent(home, last(device, "/v1/head")).await
}
