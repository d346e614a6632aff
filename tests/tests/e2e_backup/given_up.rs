use keyfold_client::sync::{OfferError, SyncError};
use keyfold_tests::sdk::{Hosted, Member};

/// The wait was ended before the phone had offered: what it holds beyond is another history, which its user must decide on.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_ended_over_stays_on_its_device() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "Ana's laptop").await;
    let phone = Member::enrolled(&server, "Ana's phone", &laptop).await;
    laptop.sync().await;
    let backup = server.back_up("backup.db").await;
    phone.add("only-here.example").await;
    phone.sync().await;

    let _server = server.restored_from(&backup).await;
    laptop.engine.end_offers().await.unwrap();
    laptop.add("after.example").await;
    laptop.sync().await;
    let error = phone.fails_to_sync().await;
    assert!(matches!(&error, SyncError::Stopped(stop) if stop.code == "forked"), "{error:?}");
    assert_eq!(phone.contents().await.items.len(), 1, "it still works here");
}

/// A server that was rolled back without being told so, or lies, takes no offers.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_waits_for_nothing_takes_no_offer() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "Ana's laptop").await;
    let backup = server.back_up("backup.db").await;
    laptop.add("lost.example").await;
    laptop.sync().await;
    let server = server.restored_from(&backup).await;
    server.run_on_the_database("UPDATE accounts SET behind = false").await;
    assert!(matches!(laptop.engine.offer(|_, _| {}).await, Err(OfferError::NotAwaited)));
}
