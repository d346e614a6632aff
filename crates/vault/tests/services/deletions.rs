//! An account goes, whatever its devices are doing.

use futures_util::{StreamExt, TryStreamExt};
use keyfold_vault::{
    AccountUnavailable, HeadError,
    accounts::DeleteAccountError,
    enrolments::EnrolmentError,
    pull::{FrameStream, PullError, Since},
    storage::EnrolmentStorage,
};
use keyfold_wire::v1::Signed;

use crate::{
    edits::{Edit, SMALL},
    household::{Household, device},
    newcomer::Newcomer,
    server::{Server, settings},
};

async fn pull(server: &Server, ana: &Household, since: Since) -> FrameStream {
    server.services.pulls.pull(&ana.caller(), since).await.unwrap()
}

#[tokio::test]
async fn a_pull_of_an_account_that_goes_meanwhile_never_looks_whole() {
    let pulls = [
        Since::Nothing,
        Since::AddedBy(2),
        Since::Heads { roster: 2, vault: 0, brief: false },
        Since::Heads { roster: 0, vault: 1, brief: true },
    ];
    for since in pulls {
        for taken in 0.. {
            let server = Server::start().await;
            let mut ana = Household::founded(&server).await;
            ana.push(&server, &[Edit::Write("mail", SMALL)]).await.unwrap();
            ana.enrol(&server).await;
            if taken == pull(&server, &ana, since).await.count().await {
                break;
            }
            let mut frames = pull(&server, &ana, since).await;
            for _ in 0..taken {
                frames.next().await.unwrap().unwrap();
            }
            server.services.accounts.delete(&ana.deletion()).await.unwrap();
            let rest: Result<Vec<_>, _> = frames.try_collect().await;
            assert!(matches!(rest, Err(AccountUnavailable::Deleted)), "{since:?} after {taken} chunks: {rest:?}");
        }
    }
}

/// Two pulls share pages. One that another server's deletion left empty is none.
#[tokio::test]
async fn what_was_read_as_the_account_went_looks_whole_to_no_other_pull() {
    let server = Server::start().await;
    let other = server.beside(settings()).await;
    let mut ana = Household::founded(&server).await;
    ana.push(&server, &[Edit::Write("mail", SMALL)]).await.unwrap();
    let (mut first, mut second) =
        (pull(&server, &ana, Since::Nothing).await, pull(&server, &ana, Since::Nothing).await);
    // All but the envelopes: heads, entries and commits.
    for frames in [&mut first, &mut second] {
        for _ in 0..3 {
            frames.next().await.unwrap().unwrap();
        }
    }
    other.services.accounts.delete(&ana.deletion()).await.unwrap();
    for rest in [first, second] {
        let rest: Result<Vec<_>, _> = rest.try_collect().await;
        assert!(matches!(rest, Err(AccountUnavailable::Deleted)), "{rest:?}");
    }
}

#[tokio::test]
async fn a_deleted_accounts_devices_are_told_so_and_nothing_of_it_is_left() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    ana.enrol(&server).await;
    let newcomer = Newcomer::begins(&server).await;
    ana.meet(&server, &newcomer).await;
    let stranger = Newcomer::begins(&server).await;
    server.services.accounts.delete(&ana.deletion()).await.unwrap();

    let pull = server.services.pulls.pull(&ana.caller(), Since::AddedBy(2)).await;
    assert!(matches!(pull, Err(PullError::Account(AccountUnavailable::Deleted))));
    let claimed = server.services.enrolments.state(newcomer.enrolment).await;
    assert!(matches!(claimed, Err(EnrolmentError::Unknown)), "{claimed:?}");
    assert!(server.database.enrolment_by_code(&newcomer.short_code).await.unwrap().is_none());
    server.services.enrolments.state(stranger.enrolment).await.unwrap();
}

#[tokio::test]
async fn a_roster_that_goes_while_it_is_read_is_no_damage() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    ana.append(&server, ana.rename("Old laptop")).await.unwrap();
    // A server that has not read this roster yet.
    let (storage, restarted) = server.beside_interrupted().await;
    let reading = storage.stop_after("standing");

    let laptop = ana.caller();
    let (polled, ()) = tokio::join!(restarted.services.heads.poll(&laptop), async {
        let go_on = reading.reached().await;
        server.services.accounts.delete(&ana.deletion()).await.unwrap();
        go_on.go();
    });
    assert!(matches!(polled, Err(HeadError::Account(AccountUnavailable::Deleted))), "{polled:?}");
}

#[tokio::test]
async fn only_who_was_a_member_learns_that_it_is_none() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    let phone = ana.enrol(&server).await;
    ana.append(&server, ana.removal(phone.id())).await.unwrap();
    let accounts = &server.services.accounts;

    let removed = ana.deletion_by(&phone.phone);
    assert!(matches!(accounts.delete(&removed).await, Err(DeleteAccountError::NotAMember)));
    // Whoever signs as the phone without its key learns no more than who was never there.
    let forged = Signed { signature: ana.deletion().signature, ..removed };
    for signed in [forged, ana.deletion_by(&device())] {
        assert!(matches!(accounts.delete(&signed).await, Err(DeleteAccountError::Signature)));
    }
    accounts.delete(&ana.deletion()).await.unwrap();
}
