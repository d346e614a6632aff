//! A device that polls hears where its account stands, a second late at most, whatever happens beside it.

use futures_util::FutureExt;
use keyfold_vault::{AccountUnavailable, HeadError};
use keyfold_wire::v1::Heads;
use prost::Message;

use crate::{
    edits::{Edit, SMALL},
    household::Household,
    server::{SECOND, Server, settings},
};

async fn poll(server: &Server, ana: &Household) -> Heads {
    Heads::decode(server.services.heads.poll(&ana.caller()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_look_that_began_before_a_write_does_not_hide_it() {
    let before = Server::start().await;
    let mut ana = Household::founded(&before).await;
    let (storage, server) = before.beside_interrupted().await;
    let looking = storage.stop_after("standing");

    let laptop = ana.caller();
    let (polled, accepted) = tokio::join!(server.services.heads.poll(&laptop), async {
        let go_on = looking.reached().await;
        let accepted = ana.push(&server, &[Edit::Write("mail", SMALL)]).await.unwrap();
        go_on.go();
        accepted.heads.unwrap()
    });
    assert_eq!(Heads::decode(polled.unwrap()).unwrap(), accepted);
    assert_eq!(poll(&server, &ana).await, accepted);
}

#[tokio::test]
async fn a_look_that_took_long_is_as_old_as_its_beginning() {
    let other = Server::start().await;
    let mut ana = Household::founded(&other).await;
    let (storage, server) = other.beside_interrupted().await;
    let looking = storage.stop_after("standing");

    let laptop = ana.caller();
    let (polled, accepted) = tokio::join!(server.services.heads.poll(&laptop), async {
        let go_on = looking.reached().await;
        server.clock.advance(SECOND);
        // Another replica's write: this one hears nothing of it but by looking again.
        let accepted = ana.push(&other, &[Edit::Write("mail", SMALL)]).await.unwrap();
        go_on.go();
        accepted.heads.unwrap()
    });
    assert_ne!(Heads::decode(polled.unwrap()).unwrap(), accepted);
    assert_eq!(poll(&server, &ana).await, accepted);
}

#[tokio::test]
async fn a_write_that_took_long_is_as_old_as_its_beginning() {
    let other = Server::start().await;
    let mut ana = Household::founded(&other).await;
    let (storage, server) = other.beside_interrupted().await;
    let writing = storage.stop_after("push");

    let message = ana.commit(&[Edit::Write("mail", SMALL)]);
    let laptop = ana.caller();
    let (_, accepted) = tokio::join!(server.services.chains.push(&laptop, message.clone()), async {
        let go_on = writing.reached().await;
        ana.follow(&message);
        server.clock.advance(SECOND);
        let accepted = ana.push(&other, &[Edit::Write("mail", SMALL)]).await.unwrap();
        go_on.go();
        accepted.heads.unwrap()
    });
    assert_eq!(poll(&server, &ana).await, accepted);
}

#[tokio::test]
async fn a_look_that_began_before_a_deletion_does_not_bring_the_account_back() {
    let before = Server::start().await;
    let ana = Household::founded(&before).await;
    let (storage, server) = before.beside_interrupted().await;
    // Its roster is known, so that nothing but the heads is looked up.
    poll(&server, &ana).await;
    server.clock.advance(SECOND);
    let looking = storage.stop_after("standing");

    let laptop = ana.caller();
    let (polled, ()) = tokio::join!(server.services.heads.poll(&laptop), async {
        let go_on = looking.reached().await;
        server.services.accounts.delete(&ana.deletion()).await.unwrap();
        go_on.go();
    });
    for polled in [polled, server.services.heads.poll(&laptop).await] {
        assert!(matches!(polled, Err(HeadError::Account(AccountUnavailable::Deleted))), "{polled:?}");
    }
}

/// The first answer was lost with the server that gave it, and so was its word to those who listen.
#[tokio::test]
async fn a_write_that_is_repeated_is_told_of_again() {
    let server = Server::start().await;
    let other = server.beside(settings()).await;
    let ana = Household::founded(&server).await;
    let laptop = ana.caller();
    let mut listening = server.services.heads.listen(&laptop);
    let before = poll(&server, &ana).await;

    let message = ana.commit(&[Edit::Write("mail", SMALL)]);
    other.services.chains.push(&laptop, message.clone()).await.unwrap();
    assert!(listening.moved().now_or_never().is_none());
    assert_eq!(poll(&server, &ana).await, before);

    let accepted = server.services.chains.push(&laptop, message).await.unwrap();
    assert!(listening.moved().now_or_never().is_some());
    assert_eq!(poll(&server, &ana).await, accepted.heads.unwrap());
}
