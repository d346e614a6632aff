//! What time makes superfluous goes, and what it took is given back once.

use futures_util::future::join_all;
use keyfold_vault::storage::ChainStorage;

use crate::{
    edits::{Edit, SMALL},
    household::Household,
    server::{DAY, Server, settings},
};

#[tokio::test]
async fn a_purged_items_bytes_are_given_back_once_however_many_replicas_sweep() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    ana.push(&server, &[Edit::Write("mail", SMALL), Edit::Write("bank", 600)]).await.unwrap();
    ana.push(&server, &[Edit::Write("mail", SMALL), Edit::Purge("bank")]).await.unwrap();
    let before = bytes_used(&server, &ana).await;

    server.clock.advance(30 * DAY);
    let replicas = [server.beside(settings()).await, server.beside(settings()).await];
    let sweeps = (0..16).map(|number| replicas[number % 2].services.upkeep());
    let swept: u64 = join_all(sweeps).await.into_iter().map(|swept| swept.unwrap().envelopes).sum();
    assert_eq!((swept, bytes_used(&server, &ana).await), (1, before - 600));
}

async fn bytes_used(server: &Server, ana: &Household) -> u64 {
    server.database.push_base(ana.caller().account, &[]).await.unwrap().unwrap().bytes_used
}
