//! An account that came from a backup takes nothing but what was lost, until that has ended.

use keyfold_vault::storage::{
    AppendWrite, Appended, ChainStorage, Heads, Offered, PushWrite, Standing, Taken, Written,
};
use sea_orm::ConnectionTrait;

use crate::{
    databases::{Place, on_each_place},
    names::named,
    vaults::{Edit, Vault},
};

async fn restored(place: &Place) {
    place.look_inside().await.execute_unprepared("UPDATE accounts SET behind = TRUE").await.unwrap();
}

#[tokio::test]
async fn threat_client_an_account_that_is_behind_takes_what_is_offered_and_nothing_else() {
    on_each_place(async |place| {
        let database = place.open().await;
        let mut ana = Vault::founded(&database, "ana").await;
        ana.push(&database, "commit 1", &[Edit::Write("mail", 300)]).await;
        restored(place).await;
        assert!(ana.base(&database, &[]).await.behind);
        let commit = ana.commit(&database, "commit 2", &[Edit::Write("mail", 400)]).await;
        assert_eq!(database.push(commit.clone()).await.unwrap(), Written::Moved);
        assert_eq!(database.append(ana.rotation("epoch 2")).await.unwrap(), Appended::Moved);

        // The entry stands on the commit.
        let heads = Heads { vault_seq: 2, vault_head: named("commit 2"), ..ana.heads };
        let entry = Vault { account: ana.account, heads }.rotation("epoch 2");
        let steps = || vec![Offered::Commit(commit.clone()), Offered::Entry(entry.clone())];
        let reversed = vec![Offered::Entry(entry.clone()), Offered::Commit(commit.clone())];
        assert_eq!(database.offer(reversed).await.unwrap(), Taken::Moved);
        let mut half = steps();
        half.push(Offered::Commit(commit.clone()));
        assert_eq!(database.offer(half).await.unwrap(), Taken::Moved, "all of it or nothing");
        assert_eq!(ana.standing(&database).await, Standing::Active(ana.heads));
        assert_eq!(database.offer(steps()).await.unwrap(), Taken::Done);
        assert_eq!(database.offer(steps()).await.unwrap(), Taken::Moved, "once");

        ana.heads = Heads { roster_seq: 2, roster_head: named("epoch 2"), ..heads };
        let end = AppendWrite { ends_offers: true, ..ana.rotation("epoch 3") };
        assert_eq!(ana.append(&database, end).await, Appended::Done);
        assert!(!ana.base(&database, &[]).await.behind);
        let again = AppendWrite { ends_offers: true, ..ana.rotation("epoch 4") };
        assert_eq!(ana.append(&database, again).await, Appended::Moved, "there is no wait");
        ana.push(&database, "commit 3", &[Edit::Write("mail", 500)]).await;
        assert_eq!(database.offer(steps()).await.unwrap(), Taken::Moved, "it waits no longer");
    })
    .await;
}

#[tokio::test]
async fn what_an_offered_commit_reclaims_is_counted_as_it_is_written() {
    on_each_place(async |place| {
        let database = place.open().await;
        let mut ana = Vault::founded(&database, "ana").await;
        for revision in 1..=10 {
            ana.push(&database, &format!("commit {revision}"), &[Edit::Write("mail", 300 + revision)]).await;
        }
        let used = ana.base(&database, &[]).await.bytes_used;
        let commit = ana.commit(&database, "commit 11", &[Edit::Write("mail", 1_000)]).await;
        restored(place).await;
        let offered = PushWrite { bytes_reclaimed: 0, ..commit };
        assert_eq!(database.offer(vec![Offered::Commit(offered)]).await.unwrap(), Taken::Done);
        assert_eq!(ana.base(&database, &[]).await.bytes_used, used + 1_000 - 301);
    })
    .await;
}
