//! Whatever makes a database grow counts, and a full account can still be put in order.

use keyfold_vault::{
    LimitError, Limits,
    chains::{AppendError, PushError},
    storage::ChainStorage,
};
use keyfold_wire::v1::{AppendEntry, Push, Signed};

use crate::{
    edits::{Edit, SMALL},
    household::Household,
    server::Server,
};

#[tokio::test]
async fn what_is_too_short_to_be_an_envelope_is_refused() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    for size in [0, 396] {
        let refused = ana.push(&server, &[Edit::Write("mail", size), Edit::Write("bank", SMALL)]).await;
        assert!(matches!(refused, Err(PushError::ShortEnvelope)), "{refused:?}");
    }
    ana.push(&server, &[Edit::Write("mail", 397)]).await.unwrap();
}

#[tokio::test]
async fn an_account_is_charged_for_everything_that_is_kept_of_it() {
    let server = Server::start().await;
    let (mut ana, founding) = Household::founding(&server);
    let [genesis, rotation] = [&founding.genesis, &founding.rotation].map(|entry| length(entry.as_ref()));
    server.services.accounts.create(founding).await.unwrap();
    let mut charged = genesis + rotation + SEALED;
    assert_eq!(bytes_used(&server, &ana).await, charged);

    let rotation = ana.rotation();
    charged += entry(&rotation);
    ana.append(&server, rotation).await.unwrap();
    assert_eq!(bytes_used(&server, &ana).await, charged);

    for edits in [[Edit::Write("mail", 500), Edit::Write("bank", 600)], [Edit::Write("mail", 500), Edit::Purge("bank")]]
    {
        charged += commit(&ana.commit(&edits));
        ana.push(&server, &edits).await.unwrap();
        assert_eq!(bytes_used(&server, &ana).await, charged);
    }
}

#[tokio::test]
async fn endless_edits_of_one_item_fill_the_account_though_its_old_envelopes_go() {
    let server = Server::limited(Limits { account_bytes: 20_000, ..Limits::default() }).await;
    let mut ana = Household::founded(&server).await;
    let mut pushed = 0;
    let refused = loop {
        match ana.push(&server, &[Edit::Write("mail", SMALL)]).await {
            Ok(_) => pushed += 1,
            Err(error) => break error,
        }
        assert!(pushed < 100, "nothing is charged");
    };
    assert!(pushed > 10, "no old envelope was reclaimed");
    assert!(matches!(refused, PushError::Limit(LimitError::AccountBytes(20_000))), "{refused:?}");
}

#[tokio::test]
async fn a_full_account_can_purge_and_remove_a_device_and_nothing_else() {
    let before = Server::start().await;
    let mut ana = Household::founded(&before).await;
    let phone = ana.enrol(&before).await;
    ana.push(&before, &[Edit::Write("mail", SMALL), Edit::Write("bank", SMALL)]).await.unwrap();
    let server = before.beside_limited(Limits { account_bytes: 1, ..Limits::default() }).await;

    for message in [ana.rename("Old laptop"), ana.rotation()] {
        let refused = ana.append(&server, message).await;
        assert!(matches!(refused, Err(AppendError::Limit(LimitError::AccountBytes(1)))), "{refused:?}");
    }
    let refused = ana.push(&server, &[Edit::Write("mail", SMALL), Edit::Purge("bank")]).await;
    assert!(matches!(refused, Err(PushError::Limit(LimitError::AccountBytes(1)))), "{refused:?}");

    ana.push(&server, &[Edit::Purge("mail"), Edit::Purge("bank")]).await.unwrap();
    ana.append(&server, ana.removal(phone.id())).await.unwrap();
}

async fn bytes_used(server: &Server, ana: &Household) -> usize {
    let base = server.database.push_base(ana.caller().account, &[]).await.unwrap().unwrap();
    base.bytes_used.try_into().unwrap()
}

fn entry(message: &AppendEntry) -> usize {
    length(message.entry.as_ref()) + SEALED * message.sealed_keys.len() + LINK * message.links.len()
}

fn commit(push: &Push) -> usize {
    length(push.commit.as_ref()) + 2 * 256 + push.envelopes.iter().map(Vec::len).sum::<usize>()
}

fn length(signed: Option<&Signed>) -> usize {
    signed.unwrap().body.len() + 64
}

const SEALED: usize = 1_168;
const LINK: usize = 60;
