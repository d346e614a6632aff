use keyfold_client::{
    CheckCode,
    enrolment::{EnrolmentError, Opened, Resumed},
    storage::Condition,
    sync::{CreateError, SyncEngine},
    vault::VaultError,
};
use keyfold_tests::Server;

use crate::world::{Disk, Loss, checked_by_qr, claimed_by_code, claimed_by_qr, devices, passphrase};

fn opened(resumed: Resumed) -> Opened {
    let Resumed::Opened(opened) = resumed else { panic!("the enrolment does not go on") };
    opened
}

/// Ana types the codes on both devices; the new one crashes once it has shown its own. Gives what the approver showed.
async fn let_in_after_a_crash(phone: &Disk, laptop: &SyncEngine) -> CheckCode {
    let offered = phone.offers().await.unwrap();
    let approval = claimed_by_code(laptop, &offered).await;
    let code = offered.approved().await.unwrap().check_code();
    let candidate = approval.candidate().await.unwrap();
    let shown = candidate.check_code().unwrap();
    let added = candidate.checked_by_code(code).await.unwrap().approve().await.unwrap();
    assert!(added.not_told.is_none() && added.check_code == shown);
    shown
}

#[tokio::test]
async fn a_device_that_was_let_in_while_it_was_down_joins_when_it_is_back() {
    let server = Server::start();
    let (laptop, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = laptop.founds().await;
    let code = let_in_after_a_crash(&phone, &laptop).await;
    let confirmed = opened(phone.resumes().await.unwrap()).confirm_typed(code).await.unwrap();
    let phone = phone.engine(confirmed.join().await.unwrap());
    assert_eq!((devices(&phone).await, devices(&laptop).await), (2, 2));
}

#[tokio::test]
async fn an_opening_that_was_lost_is_sent_again() {
    let server = Server::start();
    let (laptop, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = laptop.founds().await;
    let offered = phone.offers().await.unwrap();
    let approval = claimed_by_qr(&laptop, &offered).await;
    phone.wire.loses(Loss::Request, "/opening");
    assert!(matches!(offered.approved().await, Err(EnrolmentError::Api(_))));
    phone.wire.heals();

    let opened = opened(phone.resumes().await.unwrap());
    checked_by_qr(approval).await.approve().await.unwrap();
    let completion = opened.completion().await.unwrap();
    opened.confirm_qr(completion).await.unwrap().join().await.unwrap();
    assert_eq!(devices(&laptop).await, 2);
}

#[tokio::test]
async fn a_check_that_held_need_not_be_made_again() {
    let server = Server::start();
    let (laptop, typed, scanned) = (Disk::new(&server), Disk::new(&server), Disk::new(&server));
    let laptop = laptop.founds().await;

    let code = let_in_after_a_crash(&typed, &laptop).await;
    drop(opened(typed.resumes().await.unwrap()).confirm_typed(code).await.unwrap());

    let offered = scanned.offers().await.unwrap();
    let approval = claimed_by_qr(&laptop, &offered).await;
    let opened = offered.approved().await.unwrap();
    checked_by_qr(approval).await.approve().await.unwrap();
    let completion = opened.completion().await.unwrap();
    drop(opened.confirm_qr(completion).await.unwrap());

    for phone in [typed, scanned] {
        let Resumed::Confirmed(confirmed) = phone.resumes().await.unwrap() else { panic!("its check held before") };
        confirmed.join().await.unwrap();
    }
    assert_eq!(devices(&laptop).await, 3);
}

#[tokio::test]
async fn a_device_that_crashed_after_it_joined_takes_the_vault_when_it_is_back() {
    let server = Server::start();
    let (laptop, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = laptop.founds().await;
    let code = let_in_after_a_crash(&phone, &laptop).await;
    drop(opened(phone.resumes().await.unwrap()).confirm_typed(code).await.unwrap().join().await.unwrap());
    let Resumed::Joined(vault) = phone.resumes().await.unwrap() else { panic!("it has joined") };
    phone.engine(vault).sync().await.unwrap();
    assert_eq!(phone.opens().await.unwrap().status().await.unwrap().condition, Condition::Active);
    assert!(phone.storage().await.enrolment().await.unwrap().is_none(), "nothing is left of the enrolment");
}

#[tokio::test]
async fn nothing_but_its_own_check_lets_a_resumed_device_join() {
    let server = Server::start();
    let (laptop, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = laptop.founds().await;
    let code = let_in_after_a_crash(&phone, &laptop).await;

    let wrong = opened(phone.resumes().await.unwrap()).check_code();
    let refused = opened(phone.resumes().await.unwrap()).confirm_typed(wrong).await;
    assert!(matches!(refused, Err(EnrolmentError::WrongCode)));
    let unproved = opened(phone.resumes().await.unwrap());
    let completion = unproved.completion().await.unwrap();
    assert!(!completion.claims_qr());
    assert!(matches!(unproved.confirm_qr(completion).await, Err(EnrolmentError::WrongMac)));
    assert!(matches!(phone.opens().await, Err(VaultError::Enrolling)));
    assert!(phone.storage().await.chains().await.unwrap().entries.is_empty());

    opened(phone.resumes().await.unwrap()).confirm_typed(code).await.unwrap().join().await.unwrap();
}

#[tokio::test]
async fn an_enrolment_that_ended_without_the_device_is_forgotten() {
    let server = Server::start();
    let (laptop, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = laptop.founds().await;
    let offered = phone.offers().await.unwrap();
    let approval = claimed_by_qr(&laptop, &offered).await;
    drop(offered.approved().await.unwrap());
    checked_by_qr(approval).await.deny().await;

    assert!(matches!(phone.offers().await, Err(EnrolmentError::Vault(VaultError::Enrolling))));
    assert!(matches!(phone.resumes().await.unwrap(), Resumed::Ended));
    assert!(phone.is_empty().await);
    drop(phone.offers().await.unwrap());
    assert_eq!(devices(&laptop).await, 1);
}

#[tokio::test]
async fn a_device_that_crashes_before_anybody_knows_its_keys_begins_anew() {
    let server = Server::start();
    let (laptop, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = laptop.founds().await;
    let offered = phone.offers().await.unwrap();
    claimed_by_qr(&laptop, &offered).await;
    drop(offered);
    assert!(phone.is_empty().await);
    drop(phone.offers().await.unwrap());
}

#[tokio::test]
async fn an_interrupted_enrolment_opens_to_its_own_passphrase_and_server_alone() {
    let server = Server::start();
    let (laptop, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = laptop.founds().await;
    let_in_after_a_crash(&phone, &laptop).await;

    let guess = keyfold_client::device::Passphrase::typed("correct house battery staple".to_owned().into());
    let guessed = keyfold_client::enrolment::resume(phone.storage().await, phone.api(), &guess).await;
    assert!(matches!(guessed, Err(EnrolmentError::Vault(VaultError::Secrets(_)))));
    let elsewhere = phone.api_of("https://localhost:1".parse().unwrap());
    let elsewhere = keyfold_client::enrolment::resume(phone.storage().await, elsewhere, &passphrase()).await;
    assert!(matches!(elsewhere, Err(EnrolmentError::BegunElsewhere(url)) if url == server.url()));
    opened(phone.resumes().await.unwrap());
}

#[tokio::test]
async fn a_profile_that_is_in_an_account_resumes_nothing() {
    let server = Server::start();
    let laptop = Disk::new(&server);
    drop(laptop.founds().await);
    assert!(matches!(laptop.resumes().await, Err(EnrolmentError::Begin(CreateError::ProfileInUse))));
    let forgotten = keyfold_client::enrolment::forget(laptop.storage().await.as_ref()).await;
    assert!(matches!(forgotten, Err(EnrolmentError::Begin(CreateError::ProfileInUse))));
    laptop.opens().await.unwrap();
}
