//! A brief pull leaves out what the device fills in, and proves nothing by what does not fit: the whole is asked for then.

use keyfold_client::api::Frame;
use keyfold_wire::v1::{BriefHeads, Commit, Signed};
use prost::Message;

use crate::world::{Device, World};

fn heads(frames: &mut [Frame]) -> &mut BriefHeads {
    let Some(Frame::BriefHeads(heads)) = frames.first_mut() else { panic!("brief heads come first") };
    heads
}

fn is_commit(frame: &Frame) -> bool {
    matches!(frame, Frame::BriefCommit(_))
}

fn commit(frames: &mut [Frame]) -> &mut Signed {
    frames.iter_mut().find_map(|frame| if let Frame::BriefCommit(it) = frame { Some(it) } else { None }).unwrap()
}

fn rewritten(frames: &mut [Frame], rewrite: impl Fn(&mut Commit)) {
    let signed = commit(frames);
    let mut commit = Commit::decode(signed.body.as_slice()).unwrap();
    rewrite(&mut commit);
    signed.body = commit.encode_to_vec();
}

/// Its pulls since the count was `before`: brief ones, and all.
fn pulls(device: &Device, before: usize) -> (usize, usize) {
    let seen = device.wire.seen().split_off(before);
    let pulls: Vec<_> = seen.iter().filter(|request| request.path.starts_with("/v1/pull")).collect();
    (pulls.iter().filter(|request| request.path.ends_with("form=brief")).count(), pulls.len())
}

async fn world() -> World {
    let world = World::new().await;
    world.phone.wire.lets_brief_pass();
    world.laptop_edits_both().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_pull_is_a_brief_one() {
    let world = world().await;
    let before = world.phone.wire.seen().len();
    assert_eq!(world.phone.syncs().await.items_pulled, 2);
    assert_eq!(pulls(&world.phone, before), (1, 1));
    assert_eq!(world.phone.sees().await, world.laptop.sees().await);
}

/// What is left out depends on where each commit and each entry stands: they alternate here, and each of both chains moves.
#[tokio::test(flavor = "multi_thread")]
async fn commits_and_entries_that_alternate_are_filled_in_at_their_places() {
    let world = world().await;
    Box::pin(world.laptop.engine.rotate()).await.unwrap();
    world.laptop_edits_both().await;
    Box::pin(world.laptop.engine.rotate()).await.unwrap();
    world.laptop.makes("shop.example").await;
    world.laptop.syncs().await;
    Box::pin(world.laptop.engine.rotate()).await.unwrap();
    let before = world.phone.wire.seen().len();
    let report = world.phone.syncs().await;
    assert_eq!((report.entries_pulled, report.commits_pulled), (3, 4));
    assert_eq!(pulls(&world.phone, before), (1, 1));
    assert_eq!(world.phone.sees().await, world.laptop.sees().await);
    // And where only the roster moves.
    Box::pin(world.laptop.engine.rotate()).await.unwrap();
    let before = world.phone.wire.seen().len();
    assert_eq!(world.phone.syncs().await.entries_pulled, 1);
    assert_eq!(pulls(&world.phone, before), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_04_a_brief_pull_that_does_not_fit_is_asked_for_as_a_whole() {
    type Lie = Box<dyn Fn(&mut Vec<Frame>) + Send>;
    let lies: [(&str, Lie); 9] = [
        ("a commit's signature", Box::new(|frames| commit(frames).signature[0] ^= 1)),
        ("a commit", Box::new(|frames| rewritten(frames, |commit| commit.count += 1))),
        ("a head in a commit", Box::new(|frames| rewritten(frames, |commit| commit.prev = vec![7; 32]))),
        ("another head in a commit", Box::new(|frames| rewritten(frames, |commit| commit.roster_head = vec![7; 32]))),
        ("a commit left out", Box::new(|frames| frames.retain(|frame| !is_commit(frame)))),
        (
            "a commit twice",
            Box::new(|frames| {
                let place = frames.iter().position(is_commit).unwrap();
                frames.insert(place, frames[place].clone());
            }),
        ),
        ("an envelope left out", Box::new(|frames| frames.retain(|frame| !matches!(frame, Frame::Envelope(_))))),
        ("a head further on", Box::new(|frames| heads(frames).vault_seq += 1)),
        ("a receipt", Box::new(|frames| heads(frames).vault_signature[0] ^= 1)),
    ];
    let world = world().await;
    for (name, lie) in lies {
        world.laptop.labels(world.mail, name).await;
        world.laptop.syncs().await;
        world.phone.wire.rewrites_pulls(move |frames| {
            if matches!(frames.first(), Some(Frame::BriefHeads(_))) {
                lie(frames);
            }
        });
        let before = world.phone.wire.seen().len();
        assert!(world.phone.syncs().await.items_pulled > 0, "{name}");
        assert_eq!(pulls(&world.phone, before), (1, 2), "{name}");
        assert_eq!(world.phone.sees().await, world.laptop.sees().await, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_04_what_fits_in_neither_form_stops_sync() {
    let mut world = world().await;
    world.phone.wire.rewrites_pulls(|frames| {
        for frame in frames {
            if let Frame::BriefCommit(commit) | Frame::Commit(commit) = frame {
                commit.signature[0] ^= 1;
            }
        }
    });
    world.phone.stops_for_now("rule", "signature does not verify").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_17_another_history_is_known_for_one_though_its_heads_are_left_out() {
    let mut world = World::new().await;
    world.phone.wire.lets_brief_pass();
    let old = world.home.copy().await;
    world.phone.labels(world.mail, "written before the rollback").await;
    world.phone.syncs().await;
    world.laptop.wire.leads_to(&old);
    for label in ["written after the rollback", "and on"] {
        world.laptop.labels(world.mail, label).await;
        world.laptop.syncs().await;
    }
    world.phone.wire.leads_to(&old);
    world.phone.stops("forked", "another history").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_04_heads_that_leave_out_other_than_they_may_are_no_answer() {
    let mut world = world().await;
    world.phone.wire.rewrites_pulls(|frames| heads(frames).vault_signature = Vec::new());
    world.phone.fails_for_now("leave out what they may not").await;
    world.laptop_edits_both().await;
    world.phone.wire.rewrites_pulls(|frames| heads(frames).roster_signature = vec![7; 64]);
    world.phone.fails_for_now("leave out what they may not").await;
}
