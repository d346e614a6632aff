//! After a new epoch has begun, what is there is encrypted anew: by whoever began it, or else by another.

use keyfold_tests::sdk::{Hosted, MINUTE, Member};

async fn of_earlier_epochs(device: &Member) -> u64 {
    let epoch = device.vault().local().held().await.unwrap().roster.epoch().number;
    device.storage().count_of_earlier_epochs(epoch).await.unwrap()
}

/// Ana's devices in step, with so many passkeys.
async fn devices(server: &Hosted, passkeys: usize) -> [Member; 2] {
    let laptop = Member::founded(server, "laptop").await;
    for number in 0..passkeys {
        laptop.add(&format!("{number}.example")).await;
    }
    laptop.sync().await;
    let phone = Member::enrolled(server, "phone", &laptop).await;
    laptop.sync().await;
    [laptop, phone]
}

/// What each passkey says, whatever its revision.
async fn says(device: &Member) -> Vec<(keyfold_client::ItemId, keyfold_client::item::Item)> {
    device.acknowledged().await.into_iter().map(|(id, item, _)| (id, item)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_fits_into_one_commit_is_encrypted_anew_and_says_what_it_said() {
    let server = Hosted::start_with(|settings| settings.limits.changes = 40).await;
    let [laptop, phone] = devices(&server, 100).await;
    let before = says(&laptop).await;
    laptop.engine.rotate().await.unwrap();
    let report = laptop.sync().await;
    assert_eq!((report.items_reencrypted, report.items_pushed, report.items_without_room), (100, 0, 0));
    assert!(laptop.sync().await.is_empty());
    phone.sync().await;
    for device in [&laptop, &phone] {
        assert_eq!(says(device).await, before);
        assert_eq!(of_earlier_epochs(device).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_began_and_did_not_end_another_ends_ten_minutes_later() {
    let server = Hosted::start().await;
    let [laptop, phone] = devices(&server, 3).await;
    laptop.engine.rotate().await.unwrap();
    assert_eq!(phone.sync().await.items_reencrypted, 0, "the laptop has just begun");
    assert_eq!(of_earlier_epochs(&phone).await, 3);
    server.time.pass(10 * MINUTE);
    assert_eq!(phone.sync().await.items_reencrypted, 3);
    assert_eq!(laptop.sync().await.items_reencrypted, 0, "it is done");
    assert_eq!(says(&laptop).await, says(&phone).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_encrypt_anew_at_once_do_each_passkey_once() {
    let server = Hosted::start_with(|settings| settings.limits.changes = 10).await;
    let [laptop, phone] = devices(&server, 60).await;
    laptop.engine.rotate().await.unwrap();
    phone.sync().await;
    server.time.pass(10 * MINUTE);
    let (by_laptop, by_phone) = tokio::join!(laptop.sync(), phone.sync());
    assert_eq!(by_laptop.items_reencrypted + by_phone.items_reencrypted, 60);
    laptop.sync().await;
    phone.sync().await;
    assert_eq!(laptop.acknowledged().await, phone.acknowledged().await);
    assert!(laptop.acknowledged().await.iter().all(|(.., revision)| *revision == 2));
}

/// What is left can still be read, and edits that fit go on.
#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_it_sync_goes_on_and_says_so() {
    let server = Hosted::start_with(|settings| settings.limits.account_bytes = 24_000).await;
    let [laptop, phone] = devices(&server, 12).await;
    laptop.engine.rotate().await.unwrap();
    let report = laptop.sync().await;
    assert_eq!((report.items_reencrypted, report.items_without_room), (0, 12));
    phone.sync().await;
    assert_eq!(says(&laptop).await, says(&phone).await);
}
