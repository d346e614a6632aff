//! The device is in the account, and nobody could tell it.

use keyfold_client::{
    CheckCode,
    enrolment::{EnrolmentError, Opened, Resumed},
    sync::SyncEngine,
};
use keyfold_tests::Server;

use crate::world::{Disk, Loss, checked_by_qr, claimed_by_qr, devices};

/// The approver adds the phone by its QR code, its last word is lost, and the enrolment's time runs out.
async fn added_without_a_word(server: &Server) -> (Disk, SyncEngine, Disk) {
    let (disk, phone) = (Disk::new(server), Disk::new(server));
    let laptop = disk.founds().await;
    let offered = phone.offers().await.unwrap();
    let approval = claimed_by_qr(&laptop, &offered).await;
    drop(offered.approved().await.unwrap());
    disk.wire.loses(Loss::Request, "/completion");
    let added = checked_by_qr(approval).await.approve().await.unwrap();
    assert!(added.not_told.is_some(), "the approver says so");
    disk.wire.heals();
    server.database().run("UPDATE enrolments SET expires_at = 1").await;
    (disk, laptop, phone)
}

async fn let_in(phone: &Disk) -> Opened {
    let Resumed::LetIn(opened) = phone.resumes().await.unwrap() else { panic!("it is a member") };
    opened
}

/// What the laptop's list of devices shows for the phone.
async fn listed_code(laptop: &SyncEngine) -> CheckCode {
    laptop.sync().await.unwrap();
    let status = laptop.vault().local().status().await.unwrap();
    let mut others = status.devices.into_iter().filter(|device| !device.this);
    others.next().unwrap().check_code.unwrap()
}

#[tokio::test]
async fn the_code_that_a_device_of_the_account_lists_brings_it_in() {
    let server = Server::start();
    let (_disk, laptop, phone) = added_without_a_word(&server).await;
    let code = listed_code(&laptop).await;
    let vault = let_in(&phone).await.confirm_typed(code).await.unwrap().join().await.unwrap();
    assert_eq!(devices(&phone.engine(vault)).await, 2);
}

#[tokio::test]
async fn the_code_is_remembered_once_it_was_typed() {
    let server = Server::start();
    let (_disk, laptop, phone) = added_without_a_word(&server).await;
    let code = listed_code(&laptop).await;
    drop(let_in(&phone).await.confirm_typed(code).await.unwrap());
    let Resumed::Confirmed(confirmed) = phone.resumes().await.unwrap() else { panic!("its check held before") };
    confirmed.join().await.unwrap();
}

#[tokio::test]
async fn a_wrong_code_brings_it_in_nowhere_and_costs_it_nothing() {
    let server = Server::start();
    let (_disk, laptop, phone) = added_without_a_word(&server).await;
    let opened = let_in(&phone).await;
    let wrong = opened.check_code();
    assert!(matches!(opened.confirm_typed(wrong).await, Err(EnrolmentError::WrongCode)));
    let code = listed_code(&laptop).await;
    let_in(&phone).await.confirm_typed(code).await.unwrap();
}

#[tokio::test]
async fn the_first_device_has_no_check_code() {
    let server = Server::start();
    let laptop = Disk::new(&server).founds().await;
    assert!(laptop.vault().local().status().await.unwrap().devices[0].check_code.is_none());
}
