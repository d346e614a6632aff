//! An account is deleted for good, with every row.

use keyfold_vault::storage::{Created, Deleted, Deletion, GuessWindow, Span, Standing, Storage};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::{
    databases::{on_each_database, on_each_place},
    names::{NOW, account, device, named},
    vaults::{Edit, Vault, new_account},
};

pub(crate) fn deletion(vault: &Vault, request: &str) -> Deletion {
    Deletion { account: vault.account, roster_head: vault.heads.roster_head, request: named(request), at: NOW }
}

#[tokio::test]
async fn a_deletion_is_for_the_roster_that_the_device_saw() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        let decided_before = deletion(&ana, "delete");
        ana.rotate(storage, "a phone came").await;
        assert_eq!(storage.delete_account(decided_before).await.unwrap(), Deleted::Moved(ana.heads));
        assert_eq!(ana.standing(storage).await, Standing::Active(ana.heads));

        // A commit moves no device: the decision stands.
        let decided = deletion(&ana, "delete");
        ana.push(storage, "commit 1", &[Edit::Write("mail", 300)]).await;
        assert_eq!(storage.delete_account(decided).await.unwrap(), Deleted::Done);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_account_never_comes_back_and_its_deletion_may_be_repeated() {
    on_each_database(async |storage| {
        let ana = Vault::founded(storage, "ana").await;
        assert_eq!(storage.delete_account(deletion(&ana, "delete")).await.unwrap(), Deleted::Done);
        assert_eq!(ana.standing(storage).await, Standing::Deleted);

        let first = Deleted::Before(named("delete"));
        assert_eq!(storage.delete_account(deletion(&ana, "delete")).await.unwrap(), first);
        assert_eq!(storage.delete_account(deletion(&ana, "delete again")).await.unwrap(), first);
        assert_eq!(storage.create_account(new_account("ana")).await.unwrap(), Created::Deleted);
        assert_eq!(ana.standing(storage).await, Standing::Deleted);
        assert!(storage.entry(ana.account, 0).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn an_account_that_was_never_there_cannot_be_deleted() {
    on_each_database(async |storage| {
        assert_eq!(storage.delete_account(deletion(&Vault::new("ana"), "delete")).await.unwrap(), Deleted::Unknown);
        assert_eq!(storage.standing(account("ana")).await.unwrap(), Standing::Unknown);
        assert_eq!(storage.create_account(new_account("ana")).await.unwrap(), Created::Done);
    })
    .await;
}

#[tokio::test]
async fn a_deletion_takes_every_row_of_the_account_and_none_of_another() {
    on_each_place(async |place| {
        let database = place.open().await;
        let storage: &dyn Storage = &database;
        let ana = lived_in(storage, "ana").await;
        let ben = lived_in(storage, "ben").await;
        let inside = place.look_inside().await;
        for table in OF_ACCOUNT {
            assert!(rows(&inside, table, &ana).await > 0, "the story leaves {table} empty");
        }

        assert_eq!(storage.delete_account(deletion(&ana, "delete")).await.unwrap(), Deleted::Done);
        for table in OF_ACCOUNT {
            assert_eq!(rows(&inside, table, &ana).await, 0, "{table}");
            assert!(rows(&inside, table, &ben).await > 0, "{table}");
        }
        let everything = Span { first: 0, last: 100 };
        assert!(storage.entries(ana.account, everything, Some(device("laptop")), 100).await.unwrap().is_empty());
        assert!(storage.commits(ana.account, everything, 100).await.unwrap().is_empty());
        assert!(storage.changed(ana.account, everything, None, 100).await.unwrap().is_empty());
        assert!(ana.kept(storage, "mail", &[1]).await.is_empty());
        assert_eq!(ben.kept(storage, "mail", &[1]).await.len(), 1);
    })
    .await;
}

/// Every table whose rows live and die with an account.
const OF_ACCOUNT: [&str; 9] = [
    "accounts",
    "roster_entries",
    "sealed_keys",
    "epoch_links",
    "commits",
    "revisions",
    "purges",
    "guesses",
    "session_nonces",
];

/// An account that has something of everything.
async fn lived_in(storage: &dyn Storage, name: &str) -> Vault {
    let mut vault = Vault::founded(storage, name).await;
    vault.rotate(storage, &format!("epoch 2 of {name}")).await;
    vault.push(storage, &format!("commit 1 of {name}"), &[Edit::Write("mail", 300), Edit::Write("bank", 300)]).await;
    vault.push(storage, &format!("commit 2 of {name}"), &[Edit::Purge("bank")]).await;
    let window = GuessWindow { limit: 3, length: 1 };
    assert!(storage.count_guess(vault.account, device("laptop"), window, NOW).await.unwrap());
    assert!(storage.use_nonce(vault.account, [7; 16], NOW).await.unwrap());
    vault
}

async fn rows(inside: &DatabaseConnection, table: &str, vault: &Vault) -> i64 {
    let backend = inside.get_database_backend();
    let place = if backend == sea_orm::DbBackend::Postgres { "$1" } else { "?" };
    let count = format!("SELECT count(*) AS n FROM {table} WHERE account_id = {place}");
    let query = Statement::from_sql_and_values(backend, count, [vault.account.to_vec().into()]);
    inside.query_one_raw(query).await.unwrap().unwrap().try_get("", "n").unwrap()
}
