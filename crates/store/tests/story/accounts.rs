//! An account is created once.

use futures_util::future::join_all;
use keyfold_vault::storage::{Created, NewAccount, Standing, Storage};

use crate::{
    databases::on_each_database,
    names::{account, device, message},
    vaults::{Vault, digest, new_account, sealed},
};

#[tokio::test]
async fn a_new_account_stands_where_its_creation_says_with_an_empty_vault() {
    on_each_database(async |storage| {
        let ana = Vault::founded(storage, "ana").await;

        let genesis = storage.entry(ana.account, 0).await.unwrap().unwrap();
        assert_eq!((genesis.seq, genesis.vault_seq, genesis.entry), (0, 0, message("genesis of ana")));
        let span = keyfold_vault::storage::Span { first: 0, last: 1 };
        let entries = storage.entries(ana.account, span, Some(device("laptop")), 10).await.unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].sealed_key, None);
        assert_eq!(entries[1].entry, message("epoch 1 of ana"));
        assert_eq!(entries[1].sealed_key, Some(sealed("epoch 1 of ana", "laptop").1));

        let base = ana.base(storage, &["mail"]).await;
        assert_eq!(base.heads, ana.heads);
        assert_eq!((base.at, base.count, base.elements, base.bytes_used, base.reclaimed), (0, 0, 0, 0, 0));
        assert!(base.changed.is_empty());
        assert_eq!(digest(&ana, &base.set), digest(&ana, &keyfold_ledger::SetState::empty()));
    })
    .await;
}

#[tokio::test]
async fn an_account_that_was_never_created_is_unknown() {
    on_each_database(async |storage| {
        let nobody = account("nobody");
        Vault::founded(storage, "ana").await;
        assert_eq!(storage.standing(nobody).await.unwrap(), Standing::Unknown);
        assert!(storage.push_base(nobody, &[]).await.unwrap().is_none());
        assert!(storage.entry(nobody, 0).await.unwrap().is_none());
        assert!(storage.commit(nobody, 1).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn an_account_that_exists_is_not_written_over() {
    on_each_database(async |storage| {
        let ana = Vault::founded(storage, "ana").await;
        let impostor = NewAccount { account: ana.account, ..new_account("impostor") };
        for again in [new_account("ana"), impostor] {
            assert_eq!(storage.create_account(again).await.unwrap(), Created::Exists);
            assert_stands_as_created(storage, &ana).await;
        }
    })
    .await;
}

#[tokio::test]
async fn of_sixteen_creations_at_once_one_is_done_and_the_others_find_it() {
    on_each_database(async |storage| {
        let created = join_all((0..16).map(|_| storage.create_account(new_account("ana")))).await;
        let created: Vec<Created> = created.into_iter().map(Result::unwrap).collect();
        assert_eq!(created.iter().filter(|created| **created == Created::Done).count(), 1);
        assert_eq!(created.iter().filter(|created| **created == Created::Exists).count(), 15);
        assert_stands_as_created(storage, &Vault::new("ana")).await;
    })
    .await;
}

async fn assert_stands_as_created(storage: &dyn Storage, ana: &Vault) {
    assert_eq!(ana.standing(storage).await, Standing::Active(ana.heads));
    let entries = [message("genesis of ana"), message("epoch 1 of ana")];
    for (seq, entry) in (0..).zip(entries) {
        assert_eq!(storage.entry(ana.account, seq).await.unwrap().unwrap().entry, entry);
    }
    assert!(storage.entry(ana.account, 2).await.unwrap().is_none());
}
