//! A pull counts as a whole or not at all.

use keyfold_client::{
    ItemId,
    item::Item,
    storage::{Chains, StoredItem},
    sync::SyncError,
};
use keyfold_tests::sdk::{Hosted, Member, Mishap};

/// All that a device holds and shows.
#[derive(Debug, PartialEq)]
struct State {
    chains: Chains,
    stored: Vec<StoredItem>,
    shown: Vec<(ItemId, Item, u64)>,
    commits: Vec<Option<keyfold_crypto::Hash>>,
    condition: String,
}

async fn state(device: &Member) -> State {
    let mut commits = Vec::new();
    for seq in 0..10 {
        commits.push(device.storage().commit_head(seq).await.unwrap());
    }
    let status = device.vault().local().status().await.unwrap();
    let profile = device.storage().profile().await.unwrap().unwrap();
    let shown = device.contents().await.items.into_iter().map(|item| (item.id, item.item, item.revision)).collect();
    State {
        chains: device.storage().chains().await.unwrap(),
        stored: device.storage().items().await.unwrap(),
        shown,
        commits,
        condition: format!("{:?} {:?} {}", profile.condition, profile.stopped, status.unsent_edits),
    }
}

/// Places in an answer: its beginning and end, and some in between that fall within frames and between them.
fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..4).chain((4..length).step_by(length / 60 + 1)).chain(length - 8..length)
}

/// Cuts the device's next pull in every place, both ways; then lets one through.
async fn cut_everywhere(device: &Member, length: usize) {
    let before = state(device).await;
    for place in places(length) {
        for mishap in [Mishap::AnswerBroken(place), Mishap::AnswerCut(place)] {
            device.wire.lay("/v1/pull", mishap.clone());
            let error = device.fails_to_sync().await;
            assert!(matches!(error, SyncError::Api(_)), "{mishap:?}: {error}");
            assert_eq!(state(device).await, before, "{mishap:?}");
        }
    }
    device.sync().await;
    let pull = device.wire.exchanges("/v1/pull").pop().unwrap();
    assert_eq!(pull.answer.len(), length, "the pull that was cut was another than this");
    assert_ne!(state(device).await, before);
}

/// How long the answer is that the device's next pull gets: one like it is let through and lost.
async fn next_pull(device: &Member) -> usize {
    device.wire.lay("/v1/pull", Mishap::AnswerLost);
    device.fails_to_sync().await;
    device.wire.exchanges("/v1/pull").pop().unwrap().answer.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_is_cut_anywhere_leaves_the_vault_as_it_was_and_the_next_completes_it() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    let shop = a.add("shop.example").await;
    a.sync().await;
    let b = Member::enrolled(&server, "phone", &a).await;

    // News of every kind: a device, commits, changed and new items; and an edit of its own waits on b.
    a.label(shop, "a's name for it").await;
    a.add("bank.example").await;
    a.sync().await;
    a.engine.rename_device(a.vault().keys().id(), &"study".parse().unwrap()).await.unwrap();
    a.add("mail.example").await;
    a.sync().await;
    server.time.pass(1);
    b.label(shop, "b's name for it").await;

    let length = next_pull(&b).await;
    cut_everywhere(&b, length).await;
    a.sync().await;
    assert_eq!(a.acknowledged().await, b.acknowledged().await);
    assert_eq!(a.acknowledged().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_pull_of_a_new_device_is_whole_or_nothing_too() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    for site in ["shop.example", "bank.example", "mail.example"] {
        a.add(site).await;
        a.sync().await;
    }
    let b = Member::let_in(&server, "phone", &a).await;
    let length = next_pull(&b).await;
    cut_everywhere(&b, length).await;
    assert_eq!(a.acknowledged().await, b.acknowledged().await);
}
