//! The entry and the use of its enrolment are one write: what ended the enrolment in between ends the entry too.

use keyfold_crypto::Hash;
use keyfold_vault::storage::{
    AccountStorage, AppendWrite, Appended, ChainStorage, Claim, EnrolmentRow, EnrolmentStep, EnrolmentStorage, Heads,
    NewEnrolment, Signed, Standing, UsedEnrolment,
};
use keyfold_wire::EnrolmentId;

use crate::{
    household::Household,
    server::{MINUTE, NOW, Server},
};

const TABLET: EnrolmentId = EnrolmentId::new([9; 16]);
const EXPIRES: u64 = NOW + 10 * MINUTE;

/// An enrolment that Ana's laptop has claimed and the tablet has opened.
async fn opened(server: &Server, ana: &Household) {
    let new = NewEnrolment {
        enrolment: TABLET,
        short_code: "abcd2345".to_owned(),
        commitment: Hash::new([8; 32]),
        expires_at: EXPIRES,
    };
    let claim = Claim { account: ana.caller().account, approver: ana.caller().device };
    assert!(server.database.begin_enrolment(new).await.unwrap());
    assert!(server.database.approve(TABLET, claim, b"approval", NOW).await.unwrap());
    assert!(server.database.open(TABLET, b"opening", NOW).await.unwrap());
}

async fn heads(server: &Server, ana: &Household) -> Heads {
    match server.database.standing(ana.caller().account).await.unwrap() {
        Standing::Active(heads) => heads,
        other => panic!("{other:?}"),
    }
}

async fn enrolment(server: &Server) -> EnrolmentRow {
    server.database.enrolment(TABLET).await.unwrap().unwrap()
}

async fn append(server: &Server, ana: &Household, now: u64) -> Appended {
    let write = AppendWrite {
        account: ana.caller().account,
        expected: heads(server, ana).await,
        hash: Hash::new([7; 32]),
        entry: Signed { body: b"AddDevice".to_vec(), signature: vec![0; 64] },
        sealed_keys: Vec::new(),
        links: Vec::new(),
        bytes_added: 73,
        enrolment: Some(UsedEnrolment { enrolment: TABLET, now }),
        ends_offers: false,
        fences: None,
        lookup: None,
    };
    server.database.append(write).await.unwrap()
}

#[tokio::test]
async fn an_entry_marks_its_enrolment_as_used_and_a_second_finds_it_so() {
    let server = Server::start().await;
    let ana = Household::founded(&server).await;
    opened(&server, &ana).await;
    assert_eq!(append(&server, &ana, EXPIRES - 1).await, Appended::Done);
    assert_eq!(enrolment(&server).await.step, EnrolmentStep::Added);

    let after = heads(&server, &ana).await;
    assert_eq!(append(&server, &ana, EXPIRES - 1).await, Appended::EnrolmentEnded);
    assert!(!server.database.fail(TABLET).await.unwrap());
    assert_eq!(heads(&server, &ana).await, after);
}

#[tokio::test]
async fn an_enrolment_that_ended_meanwhile_lets_nothing_be_written() {
    let server = Server::start().await;
    let ana = Household::founded(&server).await;
    let before = heads(&server, &ana).await;
    assert_eq!(append(&server, &ana, NOW).await, Appended::EnrolmentEnded, "it never was");
    opened(&server, &ana).await;
    assert_eq!(append(&server, &ana, EXPIRES).await, Appended::EnrolmentEnded, "it expired");
    assert!(server.database.fail(TABLET).await.unwrap());
    assert_eq!(append(&server, &ana, NOW).await, Appended::EnrolmentEnded, "it failed");

    assert_eq!(heads(&server, &ana).await, before);
    assert_eq!(enrolment(&server).await.step, EnrolmentStep::Opened);
    let base = server.database.push_base(ana.caller().account, &[]).await.unwrap().unwrap();
    assert_eq!(base.heads, before);
}

#[tokio::test]
async fn the_last_word_needs_the_entry() {
    let server = Server::start().await;
    let ana = Household::founded(&server).await;
    opened(&server, &ana).await;
    assert!(!server.database.complete(TABLET, b"completion", NOW).await.unwrap());
    append(&server, &ana, NOW).await;
    assert!(!server.database.complete(TABLET, b"completion", EXPIRES).await.unwrap());
    assert!(server.database.complete(TABLET, b"completion", EXPIRES - 1).await.unwrap());
}
