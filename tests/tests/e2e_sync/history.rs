//! What a passkey said before, how it comes back, and when it is gone for good.

use keyfold_client::{
    ItemId,
    item::FieldTag,
    vault::{MassDeletion, VaultError},
};
use keyfold_tests::sdk::{DAY, Hosted, Member};

/// A laptop and a phone with one passkey.
async fn devices(server: &Hosted) -> (Member, Member, ItemId) {
    let laptop = Member::founded(server, "laptop").await;
    let item = laptop.add("shop.example").await;
    laptop.sync().await;
    let phone = Member::enrolled(server, "phone", &laptop).await;
    (laptop, phone, item)
}

/// The labels that a passkey had, newest first.
async fn labels(device: &Member, item: ItemId) -> Vec<String> {
    let history = device.vault().history(item).await.unwrap();
    history.iter().map(|past| past.item.fields.text(FieldTag::Label).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_ten_changes_are_kept_whatever_is_encrypted_anew_or_used_meanwhile() {
    let server = Hosted::start().await;
    let (laptop, phone, item) = devices(&server).await;
    for number in 1..=12 {
        laptop.label(item, &format!("name {number}")).await;
        laptop.sync().await;
        phone.sync().await;
        laptop.engine.rotate().await.unwrap();
        laptop.signs_in(item).await;
        server.time.pass(DAY);
        laptop.sync().await;
        phone.sync().await;
    }
    let expected: Vec<String> = (3..=12).rev().map(|number| format!("name {number}")).collect();
    for device in [&laptop, &phone] {
        assert_eq!(labels(device, item).await, expected);
        assert!(device.acknowledged().await[0].2 > 20, "each epoch was a revision");
    }
    let by = laptop.vault().history(item).await.unwrap();
    assert!(by.iter().all(|past| past.author == Some(laptop.vault().keys().id())));
    assert!(by.windows(2).all(|pair| pair[0].at > pair[1].at && pair[0].revision > pair[1].revision));
}

/// It has not seen that the passkey was ever deleted, and is not shown it any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_away_from_the_deletion_until_the_purge_holds_what_the_others_hold() {
    let server = Hosted::start().await;
    let (laptop, phone, item) = devices(&server).await;
    laptop.vault().delete(&[item]).await.unwrap();
    laptop.sync().await;
    // Encrypted anew shortly before: what is in the vault last says nothing of when it was deleted.
    server.time.pass(29 * DAY);
    laptop.engine.rotate().await.unwrap();
    laptop.sync().await;
    server.time.pass(2 * DAY);
    assert_eq!(laptop.sync().await.items_purged, 1);
    let report = phone.sync().await;
    assert!(report.quarantined.is_empty(), "{:?}", report.quarantined);
    assert_eq!((phone.contents().await.items.len(), laptop.contents().await.items.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_comes_back_as_it_was_on_every_device() {
    let server = Hosted::start().await;
    let (laptop, phone, item) = devices(&server).await;
    for name in ["first", "second", ""] {
        laptop.label(item, name).await;
        laptop.sync().await;
    }
    phone.sync().await;
    let first = laptop
        .vault()
        .history(item)
        .await
        .unwrap()
        .into_iter()
        .find(|past| past.item.fields.text(FieldTag::Label) == "first");
    laptop.vault().restore(item, Some(first.unwrap().revision)).await.unwrap();
    laptop.sync().await;
    phone.sync().await;
    assert_eq!(phone.acknowledged().await[0].1.fields.text(FieldTag::Label), "first");
    let refused = laptop.vault().restore(item, Some(99)).await;
    assert!(matches!(refused, Err(VaultError::NoSuchRevision)), "{refused:?}");

    phone.vault().delete(&[item]).await.unwrap();
    phone.sync().await;
    laptop.sync().await;
    assert_eq!(laptop.contents().await.live().count(), 0);
    server.time.pass(29 * DAY);
    laptop.vault().restore(item, None).await.unwrap();
    laptop.sync().await;
    phone.sync().await;
    for device in [&laptop, &phone] {
        let contents = device.contents().await;
        assert_eq!(contents.live().next().unwrap().item.fields.text(FieldTag::Label), "first");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_days_after_its_deletion_a_passkey_is_gone_for_good_on_every_device() {
    let server = Hosted::start().await;
    let (laptop, phone, item) = devices(&server).await;
    let kept = laptop.add("bank.example").await;
    laptop.sync().await;
    phone.vault().delete(&[item]).await.unwrap();
    phone.sync().await;
    server.time.pass(30 * DAY - 1_000);
    assert_eq!(laptop.sync().await.items_purged, 0);
    server.time.pass(DAY);
    assert_eq!(laptop.sync().await.items_purged, 1);
    assert_eq!(phone.sync().await.items_purged, 0, "it is done");
    for device in [&laptop, &phone] {
        let acknowledged = device.acknowledged().await;
        assert_eq!(acknowledged.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), [kept]);
        assert!(device.vault().history(item).await.unwrap().is_empty());
        let refused = device.vault().restore(item, None).await;
        assert!(matches!(refused, Err(VaultError::NotFound)), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_half_of_a_vault_within_a_day_is_noticed() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "laptop").await;
    let mut items = Vec::new();
    for number in 0..8 {
        items.push(laptop.add(&format!("{number}.example")).await);
    }
    laptop.sync().await;
    let vault = laptop.vault();
    assert_eq!(vault.mass_deletion(&items[..4]).await.unwrap(), None, "half is not more than half");
    let most = Some(MassDeletion { deleted: 5, of: 8 });
    assert_eq!(vault.mass_deletion(&items[..5]).await.unwrap(), most);
    // One after the other comes to the same.
    vault.delete(&items[..4]).await.unwrap();
    laptop.sync().await;
    assert_eq!(vault.mass_deletion(&items[4..5]).await.unwrap(), most);
    server.time.pass(2 * DAY);
    assert_eq!(vault.mass_deletion(&items[4..5]).await.unwrap(), None);
}

/// Whoever deletes it says when, by a clock of its own; the commit says when it was told.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_by_a_clock_that_ran_years_late_purges_nothing_early() {
    let server = Hosted::start().await;
    let (laptop, phone, item) = devices(&server).await;
    phone.clock.set_off(-i64::try_from(1_000 * DAY).unwrap());
    phone.vault().delete(&[item]).await.unwrap();
    phone.clock.set_off(0);
    phone.sync().await;
    server.time.pass(2 * DAY);
    for device in [&laptop, &phone] {
        assert_eq!(device.sync().await.items_purged, 0);
    }
    server.time.pass(29 * DAY);
    assert_eq!(laptop.sync().await.items_purged, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_restored_on_a_device_that_could_not_say_so_in_time_comes_back() {
    let server = Hosted::start().await;
    let (laptop, phone, item) = devices(&server).await;
    laptop.label(item, "shopping").await;
    laptop.sync().await;
    phone.sync().await;
    phone.vault().delete(&[item]).await.unwrap();
    phone.sync().await;
    server.time.pass(29 * DAY);
    phone.vault().restore(item, None).await.unwrap();
    server.time.pass(2 * DAY);
    assert_eq!(laptop.sync().await.items_purged, 1, "it has not heard");
    phone.sync().await;
    phone.sync().await;
    laptop.sync().await;
    for device in [&laptop, &phone] {
        let contents = device.contents().await;
        let [back] = contents.live().collect::<Vec<_>>()[..] else { panic!("{:?}", contents.items) };
        assert_eq!(
            (back.item.passkey().unwrap().rp_id.as_str(), back.item.fields.text(FieldTag::Label)),
            ("shop.example", "shopping")
        );
        assert_ne!(back.id, item);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_fits_into_one_commit_is_purged_in_turn() {
    let server = Hosted::start_with(|settings| settings.limits.changes = 2).await;
    let laptop = Member::founded(&server, "laptop").await;
    let mut items = Vec::new();
    for number in 0..3 {
        items.push(laptop.add(&format!("{number}.example")).await);
    }
    laptop.sync().await;
    laptop.vault().delete(&items).await.unwrap();
    laptop.sync().await;
    server.time.pass(31 * DAY);
    // Half of what was too much, and then what fits.
    for (purged, left) in [(1, 2), (2, 0)] {
        assert_eq!(laptop.sync().await.items_purged, purged);
        assert_eq!(laptop.acknowledged().await.len(), left);
        server.time.pass(DAY);
    }
}
