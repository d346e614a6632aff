//! Clocks that are wrong, and uses that wait.

use keyfold_client::{ProblemCode, item::FieldTag, sync::SyncError};
use keyfold_tests::sdk::{DAY, HOUR, Hosted, MINUTE, Member};

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_by_a_clock_that_ran_a_year_ahead_does_not_win_every_later_one() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    let item = a.add("shop.example").await;
    a.sync().await;
    let b = Member::enrolled(&server, "phone", &a).await;

    a.clock.set_off(i64::try_from(365 * DAY).unwrap());
    a.label(item, "from the future").await;
    a.clock.set_off(0);
    a.sync().await;
    b.sync().await;
    assert_eq!(b.acknowledged().await[0].1.fields.text(FieldTag::Label), "from the future");

    server.time.pass(1);
    b.label(item, "later").await;
    b.sync().await;
    a.sync().await;
    for device in [&a, &b] {
        assert_eq!(device.acknowledged().await[0].1.fields.text(FieldTag::Label), "later");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_clock_is_off_is_told_so_and_keeps_its_edits_until_it_is_set() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    let item = a.add("shop.example").await;
    let minute = i64::try_from(MINUTE).unwrap();
    for off in [-2 * minute, 2 * minute] {
        a.clock.set_off(off);
        match a.fails_to_sync().await {
            SyncError::Api(error) => assert_eq!(error.code(), Some(ProblemCode::ClockSkew)),
            other => panic!("{other}"),
        }
        assert_eq!(a.vault().local().status().await.unwrap().unsent_edits, 1);
    }
    a.clock.set_off(minute / 2);
    a.sync().await;
    assert_eq!(a.acknowledged().await[0].0, item);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_alone_waits_until_its_six_hours_are_over_and_travels_at_once_with_an_edit() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    let (shop, bank) = (a.add("shop.example").await, a.add("bank.example").await);
    a.sync().await;

    server.time.pass(until_the_next_slot(&a));
    a.signs_in(shop).await;
    server.time.pass(SLOT - 10 * MINUTE);
    assert!(a.sync().await.is_empty(), "its time would tell which passkey was used");
    server.time.pass(10 * MINUTE);
    assert_eq!(a.sync().await.items_pushed, 1);

    a.signs_in(shop).await;
    a.label(bank, "the bank").await;
    assert_eq!(a.sync().await.items_pushed, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_that_is_used_again_and_again_waits_no_longer() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    let item = a.add("shop.example").await;
    a.sync().await;

    server.time.pass(until_the_next_slot(&a));
    let mut pushed = Vec::new();
    for _ in 0..7 {
        a.signs_in(item).await;
        pushed.push(a.sync().await.items_pushed);
        server.time.pass(2 * HOUR);
    }
    assert_eq!(pushed, [0, 0, 0, 1, 0, 0, 1], "once for each six hours");
}

/// Milliseconds until the six hours that a use belongs to are over, and a minute.
fn until_the_next_slot(device: &Member) -> u64 {
    SLOT - device.clock.now() % SLOT + MINUTE
}

const SLOT: u64 = 6 * HOUR;
