//! A message whose fate is not known is sent again as the same bytes, and counts once.

use keyfold_client::{
    storage::OutboxKind,
    sync::{CreateError, SyncError},
    vault::Origin,
};
use keyfold_tests::sdk::{Closed, Hosted, MINUTE, Member, Mishap, Newcomer};
use keyfold_wire::v1::{Accepted, Heads};
use prost::Message;

fn heads(answer: &[u8]) -> Heads {
    Accepted::decode(answer).unwrap().heads.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_found_by_the_next_sync_and_not_made_again() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    let item = a.add("shop.example").await;
    a.wire.lay("/v1/commits", Mishap::AnswerLost);
    assert!(matches!(a.fails_to_sync().await, SyncError::Api(_)));
    assert_eq!(a.contents().await.items[0].origin, Origin::Unsent, "nobody told the device that it was taken");

    a.sync().await;
    assert_eq!(a.wire.exchanges("/v1/commits").len(), 1);
    assert_eq!(a.vault().local().status().await.unwrap().vault_seq, 1);
    assert_eq!(a.vault().local().status().await.unwrap().unsent_edits, 0);
    let held: Vec<_> = a.acknowledged().await.into_iter().map(|(id, _, revision)| (id, revision)).collect();
    assert_eq!(held, [(item, 1)]);
    assert!(a.sync().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_arrived_is_sent_again_as_the_same_bytes() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    a.add("shop.example").await;
    a.wire.lay("/v1/commits", Mishap::RequestLost);
    assert!(matches!(a.fails_to_sync().await, SyncError::Api(_)));
    let waiting = a.storage().outbox(OutboxKind::Commit).await.unwrap().unwrap();

    // What is added meanwhile travels in a commit of its own.
    a.add("bank.example").await;
    assert_eq!(a.sync().await.items_pushed, 2);
    let pushes = a.wire.exchanges("/v1/commits");
    assert_eq!(pushes.iter().map(|push| push.status).collect::<Vec<_>>(), [200, 200]);
    assert_eq!(pushes[0].sent, waiting.message);
    assert_eq!(a.acknowledged().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commit_again_gets_the_same_receipt_also_when_others_have_written_since() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    let b = Member::enrolled(&server, "phone", &a).await;
    a.add("shop.example").await;
    a.wire.lay("/v1/commits", Mishap::AnswerLost);
    a.fails_to_sync().await;
    let lost = a.wire.exchanges("/v1/commits").remove(0);
    assert_eq!((lost.status, heads(&lost.answer).vault_seq), (200, 1));

    let again = a.engine.api().push(&lost.sent).await.unwrap();
    assert_eq!(again.encode_to_vec(), lost.answer);
    b.add("bank.example").await;
    b.sync().await;
    let after_another = a.engine.api().push(&lost.sent).await.unwrap();
    assert_eq!(after_another.encode_to_vec(), lost.answer);

    a.sync().await;
    assert_eq!(a.engine.api().head().await.unwrap().vault_seq, 2, "a's commit and b's, each once");
    assert_eq!(a.acknowledged().await, {
        b.sync().await;
        b.acknowledged().await
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_answer_was_lost_is_sent_again_as_the_same_bytes_and_stands_once() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    a.wire.lay("/v1/roster", Mishap::AnswerLost);
    a.wire.lay("/v1/roster", Mishap::RequestLost);
    let me = a.vault().keys().id();
    a.engine.rename_device(me, &"study".parse().unwrap()).await.unwrap();

    let appends = a.wire.exchanges("/v1/roster");
    assert_eq!(appends.len(), 2, "the second of three never arrived");
    assert_eq!(appends[0], appends[1], "the same bytes get the same answer");
    assert_eq!(heads(&appends[0].answer).roster_seq, 2);
    let status = a.vault().local().status().await.unwrap();
    assert_eq!((status.roster_seq, status.devices[0].name.as_str()), (2, "study"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_answer_never_comes_is_found_by_the_next_sync() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    for _ in 0..3 {
        a.wire.lay("/v1/roster", Mishap::AnswerLost);
    }
    let me = a.vault().keys().id();
    assert!(a.engine.rename_device(me, &"study".parse().unwrap()).await.is_err());

    a.sync().await;
    assert_eq!(a.wire.exchanges("/v1/roster").len(), 3);
    let status = a.vault().local().status().await.unwrap();
    assert_eq!((status.roster_seq, status.devices[0].name.as_str()), (2, "study"));
    assert!(a.storage().outbox(OutboxKind::Roster).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_never_arrived_is_sent_by_the_next_sync_as_the_same_bytes() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    for _ in 0..3 {
        a.wire.lay("/v1/roster", Mishap::RequestLost);
    }
    let me = a.vault().keys().id();
    assert!(a.engine.rename_device(me, &"study".parse().unwrap()).await.is_err());
    let waiting = a.storage().outbox(OutboxKind::Roster).await.unwrap().unwrap();

    a.sync().await;
    let appends = a.wire.exchanges("/v1/roster");
    assert_eq!((appends.len(), &appends[0].sent), (1, &waiting.message));
    let status = a.vault().local().status().await.unwrap();
    assert_eq!((status.roster_seq, status.devices[0].name.as_str()), (2, "study"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_creation_lost_its_answer_is_not_created_twice() {
    let server = Hosted::start().await;
    let newcomer = Newcomer::new(&server, "laptop").await;
    newcomer.wire.lay("/v1/accounts", Mishap::RequestLost);
    newcomer.wire.lay("/v1/accounts", Mishap::AnswerLost);
    for _ in 0..2 {
        assert!(matches!(newcomer.found().await.err().unwrap(), CreateError::Api(_)));
    }
    let vault = newcomer.found().await.unwrap();

    let creations = newcomer.wire.exchanges("/v1/accounts");
    assert_eq!(creations.len(), 2, "the first never arrived");
    assert_eq!(creations[0], creations[1], "the same bytes get the same answer");
    assert_eq!(creations[0].status, 200);
    assert_eq!(heads(&creations[0].answer).roster_seq, 1);
    assert_eq!(vault.local().status().await.unwrap().devices.len(), 1);
    assert!(matches!(newcomer.found().await.err().unwrap(), CreateError::ProfileInUse));
}

/// Servers close connections that were silent for a while, also in the moment in which a request is on its way.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_closed_is_no_failure_and_nothing_is_done_twice() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    for closed in [Closed::Before, Closed::After] {
        for route in ["/v1/sessions", "/v1/pull", "/v1/commits"] {
            a.add("shop.example").await;
            server.time.pass(11 * MINUTE);
            a.wire.lay(route, Mishap::ConnectionClosed(closed));
            assert_eq!(a.sync().await.items_pushed + a.sync().await.commits_pulled, 1, "{closed:?} {route}");
        }
    }
    assert_eq!(a.acknowledged().await.len(), 6);
}
