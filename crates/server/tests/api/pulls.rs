//! What a pull gives, to whom.

use keyfold_ledger::{Commit, brief};
use keyfold_wire::v1::{ProblemCode, PullFrame, SealedEpochKey, pull_frame::Frame};
use prost::Message;

use crate::world::{Answer, Device, Server};

/// The frames of a pull.
fn pulled(answer: &Answer) -> Vec<Frame> {
    assert_eq!(answer.status, 200);
    let (mut rest, mut frames) = (answer.body.as_slice(), Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (frame, next) = after.split_at(u32::from_be_bytes(*length).try_into().unwrap());
        frames.push(PullFrame::decode(frame).unwrap().frame.unwrap());
        rest = next;
    }
    assert!(rest.is_empty());
    frames
}

/// Their kinds, in their order.
fn frames(answer: &Answer) -> Vec<&'static str> {
    let kind = |frame: &Frame| match frame {
        Frame::Heads(_) => "heads",
        Frame::Entry(_) => "entry",
        Frame::SealedKey(_) => "key",
        Frame::Link(_) => "link",
        Frame::Element(_) => "element",
        Frame::Commit(_) => "commit",
        Frame::Envelope(_) => "envelope",
        Frame::End(_) => "end",
        Frame::BriefHeads(_) => "brief heads",
        Frame::BriefCommit(_) => "brief commit",
    };
    pulled(answer).iter().map(kind).collect()
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
fn whoever_pulled_before_a_device_is_given_the_keys_that_are_sealed_to_it() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let ben = Device::enrolled_by(&ana);
    let keys = |device: &Device| -> Vec<SealedEpochKey> {
        let key = |frame| if let Frame::SealedKey(key) = frame { Some(key) } else { None };
        pulled(&device.get("/v1/pull")).into_iter().filter_map(key).collect()
    };
    let first = [keys(&ana), keys(&ben)];
    let seqs = first.each_ref().map(|keys| keys.iter().map(|key| key.roster_seq).collect::<Vec<_>>());
    assert_eq!(seqs, [[1], [2]]);
    assert_ne!(first[0][0].sealed, first[1][0].sealed);
    assert_eq!([keys(&ana), keys(&ben)], first);
}

#[test]
fn a_brief_pull_leaves_out_what_its_caller_can_fill_in() {
    let server = Server::start();
    let ana = Device::founded(&server);
    ana.fill(2, 400);
    Device::enrolled_by(&ana);
    ana.fill(1, 400);
    let query = |since: &str, form: &str| pulled(&ana.get(&format!("/v1/pull?{since}{form}")));
    for (since, moved, commits) in [
        ("roster_since=2&vault_since=2", (false, false), 0),
        ("roster_since=2&vault_since=1", (false, true), 1),
        ("roster_since=1&vault_since=0", (true, true), 2),
    ] {
        let (whole, brief) = (query(since, ""), query(since, "&form=brief"));
        assert_eq!(whole.len(), brief.len());
        let (mut briefed, mut chain) = (0, Vec::new());
        for (whole, brief) in whole.iter().zip(&brief) {
            match (whole, brief) {
                (Frame::Heads(heads), Frame::BriefHeads(brief)) => {
                    assert_eq!((brief.roster_head.is_empty(), brief.vault_head.is_empty()), moved, "{since}");
                    assert_eq!(brief.roster_signature.is_empty(), !moved.0, "{since}");
                    assert_eq!(brief.vault_signature, heads.vault_receipt.as_ref().unwrap().signature);
                }
                (Frame::Commit(whole), Frame::BriefCommit(brief)) => {
                    let commit = Commit::parse(whole).unwrap();
                    let filled = brief::whole_commit(brief, commit.prev(), commit.roster_head());
                    assert_eq!(filled.as_ref(), Ok(whole), "{since}");
                    assert!(chain.last().is_none_or(|before| *before == commit.prev()));
                    chain.push(commit.hash());
                    briefed += 1;
                }
                _ => assert_eq!(whole, brief, "{since}"),
            }
        }
        assert_eq!(briefed, commits, "{since}");
    }
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
        "form=brief",
        "snapshot=1&form=brief",
        "roster_since=1&vault_since=1&form=",
        "roster_since=1&vault_since=1&form=whole",
        "roster_since=1&vault_since=1&form=brief&form=brief",
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
