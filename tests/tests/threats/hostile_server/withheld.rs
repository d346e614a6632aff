use keyfold_client::{ItemId, api::Frame, item::FieldTag};
use keyfold_ledger::Content;
use keyfold_wire::v1;

use crate::world::{World, enrolled};

const WITHHELD: &str = "an envelope that a commit names";

fn is_envelope(frame: &Frame) -> bool {
    matches!(frame, Frame::Envelope(_))
}

fn is_commit(frame: &Frame) -> bool {
    matches!(frame, Frame::Commit(_))
}

fn take(frames: &mut Vec<Frame>, of_kind: fn(&Frame) -> bool) -> Vec<Frame> {
    frames.extract_if(.., |frame| of_kind(frame)).collect()
}

/// The laptop edits one passkey, and then the other: two commits that the phone has yet to see.
async fn two_commits() -> World {
    let world = World::new().await;
    world.laptop.labels(world.mail, "new mail").await;
    world.laptop.syncs().await;
    world.laptop.labels(world.bank, "new bank").await;
    world.laptop.syncs().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_16_an_envelope_that_is_left_out_is_missed() {
    let mut world = two_commits().await;
    world.phone.wire.rewrites_pulls(|frames| {
        let left_out = frames.iter().position(is_envelope).unwrap();
        frames.remove(left_out);
    });
    world.phone.stops_for_now("withheld", WITHHELD).await;
    assert_eq!(world.phone.sees().await[..2], ["bank.example \"new bank\"", "mail.example \"new mail\""]);
}

/// An envelope early, so that what must still come might be reckoned before all commits are known.
#[tokio::test(flavor = "multi_thread")]
async fn threat_16_an_envelope_is_missed_whatever_the_order_of_frames() {
    let mut world = two_commits().await;
    world.phone.wire.rewrites_pulls(|frames| {
        let (commits, mut envelopes) = (take(frames, is_commit), take(frames, is_envelope));
        let end = frames.pop().unwrap();
        let [first, second] = commits.try_into().unwrap();
        frames.extend([first, envelopes.remove(0), second, end]);
    });
    world.phone.stops_for_now("withheld", "a part of its history").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_16_a_commit_that_is_left_out_is_missed() {
    let mut world = two_commits().await;
    world.phone.wire.rewrites_pulls(|frames| {
        for of_kind in [is_commit, is_envelope] {
            let last = frames.iter().rposition(of_kind).unwrap();
            frames.remove(last);
        }
    });
    world.phone.stops_for_now("withheld", "a part of its history").await;
}

/// A server may show a device nothing new; with the first thing that it does show, what it left out is missed.
#[tokio::test(flavor = "multi_thread")]
async fn threat_16_what_a_device_in_the_past_was_not_shown_is_missed_once_it_is_shown_more() {
    let mut world = World::new().await;
    world.phone.syncs().await;
    world.phone.wire.answers_pulls(world.phone.wire.last_pull());
    world.laptop.labels(world.mail, "new mail").await;
    world.laptop.syncs().await;
    assert!(world.phone.syncs().await.is_empty());

    world.laptop.labels(world.bank, "new bank").await;
    world.laptop.syncs().await;
    world.phone.wire.is_honest();
    world.phone.wire.rewrites_pulls(|frames| {
        let first = frames.iter().position(is_commit).unwrap();
        frames.remove(first);
    });
    world.phone.stops_for_now("forked", "another history").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_16_an_older_revision_is_not_taken_for_the_latest() {
    let mut world = World::new().await;
    let storage = world.phone.vault().local().storage();
    let old = storage.item(world.mail).await.unwrap().unwrap().shown.unwrap().envelope;
    world.laptop.labels(world.mail, "new mail").await;
    world.laptop.syncs().await;
    world.phone.wire.rewrites_pulls(move |frames| {
        for frame in frames.iter_mut().filter(|frame| is_envelope(frame)) {
            *frame = Frame::Envelope(old.clone());
        }
    });
    world.phone.stops_for_now("withheld", "an envelope, and gives another").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_16_a_commit_that_was_there_is_not_taken_again() {
    let mut world = World::new().await;
    let commit = world.laptop.everything().await.into_iter().find(is_commit).unwrap();
    world.laptop_edits_both().await;
    world.phone.wire.rewrites_pulls(move |frames| frames.insert(1, commit.clone()));
    world.phone.stops_for_now("forked", "another history").await;
}

/// Deleted a month ago, and purged now.
async fn purge(world: &World, item: ItemId) {
    let (laptop, phone) = (&world.laptop, &world.phone);
    laptop.clock.is_off_by(-31 * 24 * 60 * 60 * 1_000);
    laptop.vault().set(item, FieldTag::Deleted, vec![1]).await.unwrap();
    laptop.clock.is_off_by(0);
    laptop.syncs().await;
    phone.syncs().await;
    let commit = laptop.commit_of(laptop.now().await, &[(item, Content::Tombstone)]).await;
    laptop.pushes(&commit, &[]).await.unwrap();
    laptop.syncs().await;
    phone.syncs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_16_a_purged_passkey_does_not_come_back() {
    let world = World::new().await;
    let storage = world.phone.vault().local().storage();
    let stored = storage.item(world.mail).await.unwrap().unwrap();
    purge(&world, world.mail).await;
    assert_eq!(world.phone.sees().await, ["bank.example \"\""]);

    let mut tablet = enrolled(&world.home, &world.laptop).await;
    let (alive, envelope) = (stored.element.to_wire(), stored.shown.unwrap().envelope);
    tablet.wire.rewrites_pulls(move |frames| {
        for frame in frames.iter_mut() {
            if let Frame::Element(element) = frame
                && element.tombstone
            {
                *element = v1::Element { revision: element.revision, ..alive.clone() };
            }
        }
        let end = frames.len() - 1;
        frames.insert(end, Frame::Envelope(envelope.clone()));
    });
    tablet.stops_for_now("rule", "snapshot's items are not those of its commit").await;
    assert_eq!(tablet.sees().await, ["bank.example \"\"", "unsent.example \"\""]);
}
