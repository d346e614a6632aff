//! The approver adds the device, and the answer does not come.

use keyfold_client::{
    enrolment::{Added, EnrolmentError, Opened, Resumed},
    storage::OutboxKind,
    sync::SyncEngine,
};
use keyfold_tests::Server;

use crate::world::{Disk, Loss, checked_by_qr, claimed_by_qr, devices};

/// Everybody agrees, and what the approver sends to the roster meets this fate.
async fn approved(
    laptop: &SyncEngine,
    disk: &Disk,
    phone: &Disk,
    losses: &[(Loss, &'static str)],
) -> (Opened, Result<Added, EnrolmentError>) {
    let offered = phone.offers().await.unwrap();
    let approval = claimed_by_qr(laptop, &offered).await;
    let opened = offered.approved().await.unwrap();
    let checked = checked_by_qr(approval).await;
    for (loss, path) in losses {
        disk.wire.loses(*loss, path);
    }
    let added = checked.approve().await;
    disk.wire.heals();
    (opened, added)
}

async fn nothing_waits(laptop: &SyncEngine) -> bool {
    laptop.vault().local().storage().outbox(OutboxKind::Roster).await.unwrap().is_none()
}

#[tokio::test]
async fn an_entry_that_stands_is_found_by_a_pull_and_the_device_is_told() {
    let server = Server::start();
    let (disk, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = disk.founds().await;
    let (opened, added) = approved(&laptop, &disk, &phone, &[(Loss::Answer, "/v1/roster")]).await;
    assert!(added.unwrap().not_told.is_none());
    let completion = opened.completion().await.unwrap();
    opened.confirm_qr(completion).await.unwrap().join().await.unwrap();
    assert_eq!(devices(&laptop).await, 2);
}

#[tokio::test]
async fn an_entry_that_never_arrived_ends_the_enrolment_and_is_not_sent_later() {
    let server = Server::start();
    let (disk, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = disk.founds().await;
    let (opened, added) = approved(&laptop, &disk, &phone, &[(Loss::Request, "/v1/roster")]).await;
    assert!(matches!(added, Err(EnrolmentError::Api(_) | EnrolmentError::Sync(_))));
    assert!(matches!(opened.completion().await, Err(EnrolmentError::Expired)), "the new device is told");
    assert!(nothing_waits(&laptop).await);
    assert_eq!(devices(&laptop).await, 1);
    assert!(matches!(phone.resumes().await.unwrap(), Resumed::Ended));
}

#[tokio::test]
async fn where_nobody_can_be_asked_the_approver_says_that_it_does_not_know() {
    let server = Server::start();
    for (loss, then) in [(Loss::Answer, 2), (Loss::Request, 1)] {
        let (disk, phone) = (Disk::new(&server), Disk::new(&server));
        let laptop = disk.founds().await;
        let losses = [(loss, "/v1/roster"), (Loss::Request, "/v1/pull")];
        let (opened, added) = approved(&laptop, &disk, &phone, &losses).await;
        let error = added.unwrap_err();
        assert!(matches!(error, EnrolmentError::MaybeAdded(_)));
        assert!(error.to_string().contains("`keyfold device list` shows it after a `keyfold sync`"), "{error}");
        assert!(nothing_waits(&laptop).await);
        drop(opened);
        assert_eq!(devices(&laptop).await, then, "a sync shows it, and changes nothing");
        assert_eq!(devices(&laptop).await, then);
    }
}
