use std::sync::atomic::{AtomicU32, Ordering};

use keyfold_client::{
    ItemId,
    item::{FieldTag, Item},
    sync::{Behind, OfferError, SyncError},
};
use keyfold_tests::sdk::{Hosted, Member, any_passkey};

/// Fifty commits by two devices, one of which came after the backup.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_after_the_backup_comes_back_from_the_devices() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "Ana's laptop").await;
    laptop.add("before.example").await;
    laptop.sync().await;
    let backup = server.back_up("backup.db").await;
    let edited = laptop.add("edited.example").await;
    for number in 0..25 {
        laptop.add(&format!("laptop-{number}.example")).await;
        laptop.sync().await;
    }
    let phone = Member::enrolled(&server, "Ana's phone", &laptop).await;
    for number in 0..25 {
        phone.label(edited, &format!("edit {number}")).await;
        phone.sync().await;
    }
    laptop.sync().await;
    let (items, heads) = (laptop.acknowledged().await, laptop.engine.api().head().await.unwrap());
    assert_eq!((items.len(), heads.vault_seq), (27, 51));

    let server = server.restored_from(&backup).await;
    let waiting = laptop.add("waiting.example").await;
    let error = laptop.fails_to_sync().await;
    let behind = Behind { roster: 1, vault: 1, entries: 1, commits: 50 };
    assert!(matches!(error, SyncError::Behind(found) if found == behind), "{error:?}");
    // The server knows nothing of the phone yet.
    assert!(matches!(phone.fails_to_sync().await, SyncError::Api(_)));

    let offered = laptop.engine.offer(|_, _| {}).await.unwrap();
    assert_eq!((offered.entries, offered.commits, offered.items), (1, 50, 26));
    assert_eq!(laptop.engine.api().head().await.unwrap(), heads, "the same receipts for the same heads");
    assert!(phone.sync().await.is_empty());
    assert!(matches!(laptop.fails_to_sync().await, SyncError::AwaitsOffers));
    assert_eq!(phone.engine.lost().await.unwrap(), None);

    phone.engine.end_offers().await.unwrap();
    assert_eq!(laptop.sync().await.items_pushed, 1);
    phone.sync().await;
    assert_eq!(phone.acknowledged().await.len(), 28);
    // What nobody held any more but the server: whoever joins now gets everything.
    let tablet = Member::enrolled(&server, "Ana's tablet", &phone).await;
    assert_eq!(tablet.acknowledged().await, phone.acknowledged().await);
    assert_eq!(laptop.sync().await.items_pulled, 27, "the phone has begun an epoch, and encrypted anew what was there");
    tablet.label(waiting, "on the tablet").await;
    tablet.sync().await;
    assert_eq!(laptop.sync().await.items_pulled, 1);
}

/// Each device has a part that the other does not have: neither had synced since the other wrote.
#[tokio::test(flavor = "multi_thread")]
async fn each_device_gives_what_it_has() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "Ana's laptop").await;
    let phone = Member::enrolled(&server, "Ana's phone", &laptop).await;
    let backup = server.back_up("backup.db").await;
    laptop.sync().await;
    laptop.add("one.example").await;
    laptop.sync().await;
    phone.sync().await;
    phone.add("two.example").await;
    phone.sync().await;
    // The laptop has the first commit and not the second.
    let _server = server.restored_from(&backup).await;
    let first = laptop.engine.offer(|_, _| {}).await.unwrap();
    assert_eq!((first.entries, first.commits), (0, 1));
    let second = phone.engine.offer(|_, _| {}).await.unwrap();
    assert_eq!((second.entries, second.commits), (0, 1));
    laptop.engine.end_offers().await.unwrap();
    phone.sync().await;
    assert_eq!(laptop.acknowledged().await, phone.acknowledged().await);
    assert_eq!(laptop.acknowledged().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_backup_did_not_have_comes_back_from_the_device_that_founded_it() {
    let server = Hosted::start().await;
    let backup = server.back_up("backup.db").await;
    let laptop = Member::founded(&server, "Ana's laptop").await;
    let phone = Member::enrolled(&server, "Ana's phone", &laptop).await;
    phone.add("one.example").await;
    phone.sync().await;
    laptop.sync().await;

    let server = server.restored_from(&backup).await;
    assert!(matches!(phone.engine.offer(|_, _| {}).await, Err(OfferError::NotTheFounder)));
    let offered = laptop.engine.offer(|_, _| {}).await.unwrap();
    assert_eq!((offered.entries, offered.commits), (1, 1));
    laptop.engine.end_offers().await.unwrap();
    phone.sync().await;
    assert_eq!(phone.acknowledged().await, laptop.acknowledged().await);
    Member::enrolled(&server, "Ana's tablet", &phone).await;
}

/// More than one request takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_loss_is_offered_in_parts() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "Ana's laptop").await;
    let backup = server.back_up("backup.db").await;
    let text = "x".repeat(1_024);
    // Each takes 8 KiB.
    for number in 0..2_200 {
        let tags = [FieldTag::UserName, FieldTag::UserDisplayName, FieldTag::RpName, FieldTag::Label];
        let passkey = any_passkey(&format!("site-{number}.example"), laptop.vault().keys().id(), laptop.clock.now());
        laptop.vault().add(&passkey, tags.map(|tag| (tag, text.clone()))).await.unwrap();
    }
    laptop.sync().await;
    let items = says(&laptop).await;
    let server = server.restored_from(&backup).await;
    let parts = AtomicU32::new(0);
    laptop.engine.offer(|_, _| _ = parts.fetch_add(1, Ordering::Relaxed)).await.unwrap();
    assert_eq!(parts.into_inner(), 3, "two parts and the end");
    laptop.engine.end_offers().await.unwrap();
    let phone = Member::enrolled(&server, "Ana's phone", &laptop).await;
    assert_eq!(says(&phone).await, items);
}

/// What is in the vault, in whichever revision: who ends offers begins an epoch, and encrypts everything anew.
async fn says(device: &Member) -> Vec<(ItemId, Item)> {
    device.acknowledged().await.into_iter().map(|(id, item, _)| (id, item)).collect()
}
