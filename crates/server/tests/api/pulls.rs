//! What a pull gives, to whom.

use keyfold_wire::v1::{ProblemCode, PullFrame, pull_frame::Frame};
use prost::Message;

use crate::world::{Answer, Device, Server};

/// The kinds of the frames of a pull, in their order.
fn frames(answer: &Answer) -> Vec<&'static str> {
    assert_eq!(answer.status, 200);
    let (mut rest, mut kinds) = (answer.body.as_slice(), Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (frame, next) = after.split_at(u32::from_be_bytes(*length).try_into().unwrap());
        kinds.push(match PullFrame::decode(frame).unwrap().frame.unwrap() {
            Frame::Heads(_) => "heads",
            Frame::Entry(_) => "entry",
            Frame::SealedKey(_) => "key",
            Frame::Link(_) => "link",
            Frame::Element(_) => "element",
            Frame::Commit(_) => "commit",
            Frame::Envelope(_) => "envelope",
            Frame::End(_) => "end",
        });
        rest = next;
    }
    assert!(rest.is_empty());
    kinds
}

#[test]
fn a_pull_gives_what_came_after_what_the_device_has() {
    let server = Server::start();
    let ana = Device::founded(&server);
    ana.fill(2, 400);
    let ben = Device::enrolled_by(&ana);
    ana.fill(1, 400);
    let everything =
        ["heads", "entry", "entry", "key", "entry", "commit", "commit", "envelope", "envelope", "envelope", "end"];
    assert_eq!(frames(&ana.get("/v1/pull")), everything);
    assert_eq!(
        frames(&ana.get("/v1/pull?roster_since=1&vault_since=1")),
        ["heads", "entry", "commit", "envelope", "end"]
    );
    assert_eq!(frames(&ana.get("/v1/pull?vault_since=2&roster_since=2")), ["heads", "end"]);
    assert_eq!(frames(&ana.get("/v1/pull?roster_since=9&vault_since=18446744073709551615")), ["heads", "end"]);
    assert_eq!(
        frames(&ben.get("/v1/pull?snapshot=2")),
        [
            "heads", "entry", "entry", "entry", "key", "element", "element", "commit", "commit", "envelope",
            "envelope", "envelope", "end"
        ]
    );
}

#[test]
fn a_pull_has_three_forms_and_no_other() {
    let server = Server::start();
    let ana = Device::founded(&server);
    for query in [
        "roster_since=1",
        "vault_since=1",
        "snapshot=1&vault_since=1",
        "roster_since=1&vault_since=1&snapshot=1",
        "roster_since=1&roster_since=1&vault_since=1",
        "roster_since=-1&vault_since=0",
        "roster_since=x&vault_since=0",
        "roster_since=18446744073709551616&vault_since=0",
        "snapshot=",
    ] {
        assert_eq!(ana.get(&format!("/v1/pull?{query}")).code(), ProblemCode::Malformed, "{query}");
        ana.get(&format!("/v1/pull?{query}")).refused(ProblemCode::Malformed);
    }
    for seq in [2, 99, u64::MAX] {
        ana.get(&format!("/v1/pull?snapshot={seq}")).refused(ProblemCode::NotFound);
    }
}

#[test]
fn who_is_no_member_is_given_nothing() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let ben = Device::enrolled_by(&ana);
    ana.remove(&ben);
    for path in ["/v1/pull", "/v1/pull?snapshot=2", "/v1/head", "/v1/hints"] {
        ben.get(path).refused(ProblemCode::NotAMember);
        server.get(path).refused(ProblemCode::Unauthenticated);
    }
}
