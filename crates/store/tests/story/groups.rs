//! Pushes of many accounts at once share transactions, and know nothing of each other.

use futures_util::{FutureExt, future::join_all};
use keyfold_vault::storage::{Appended, ChainStorage, Standing, Storage, Written};
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::{
    databases::{on_each_database, on_each_place, on_postgresql},
    names::{item, named},
    vaults::{Edit, Vault},
};

async fn vaults(storage: &dyn Storage, count: usize) -> Vec<Vault> {
    let mut vaults = Vec::new();
    for number in 0..count {
        vaults.push(Vault::founded(storage, &format!("account {number}")).await);
    }
    vaults
}

#[tokio::test]
async fn pushes_of_many_accounts_at_once_are_all_written() {
    on_each_database(async |storage| {
        let vaults = vaults(storage, 32).await;
        let mut pushes = Vec::new();
        for vault in &vaults {
            // Of two on one head one is late.
            for text in ["first", "second"] {
                pushes.push(vault.commit(storage, text, &[Edit::Write("mail", 300)]).await);
            }
        }
        let written = join_all(pushes.into_iter().map(|push| storage.push(push))).await;
        let written: Vec<Written> = written.into_iter().map(Result::unwrap).collect();
        for (vault, pair) in vaults.iter().zip(written.chunks(2)) {
            let done = pair.iter().position(|written| *written == Written::Done).unwrap();
            assert_eq!(pair[1 - done], Written::Moved);
            let Standing::Active(heads) = vault.standing(storage).await else { panic!("there is no account") };
            assert_eq!((heads.vault_seq, heads.vault_head), (1, named(["first", "second"][done])));
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_whose_rows_are_damaged_fails_alone() {
    on_each_place(async |place| {
        let database = place.open().await;
        let vaults = vaults(&database, 8).await;
        let mut pushes = Vec::new();
        for vault in &vaults {
            pushes.push(vault.commit(&database, "commit", &[Edit::Write("mail", 300)]).await);
        }
        // A row where the commit's own must go.
        let inside = place.look_inside().await;
        let (account, rest) = (place.literal(vaults[3].account.as_bytes()), place.literal(&[0; 64]));
        let insert = format!("INSERT INTO commits (account_id, seq, roster_seq, body, signature) VALUES ({account}, 1, 1, {rest}, {rest})");
        inside.execute_unprepared(&insert).await.unwrap();

        let written = join_all(pushes.into_iter().map(|push| database.push(push))).await;
        for (number, (vault, written)) in vaults.iter().zip(written).enumerate() {
            let Standing::Active(heads) = vault.standing(&database).await else { panic!("there is no account") };
            if number == 3 {
                assert!(written.is_err(), "{written:?}");
                assert_eq!(heads, vault.heads);
            } else {
                assert_eq!(written.unwrap(), Written::Done);
                assert_eq!(heads.vault_seq, 1);
            }
        }
    })
    .await;
}

/// What is checked of an account is checked of each in a group.
#[tokio::test]
async fn accounts_that_moved_on_or_are_behind_are_left_where_they_are() {
    on_each_place(async |place| {
        let database = place.open().await;
        let mut vaults = vaults(&database, 5).await;
        let mut pushes = Vec::new();
        for vault in &vaults {
            pushes.push(vault.commit(&database, "commit", &[Edit::Write("mail", 300)]).await);
        }
        vaults[1].push(&database, "another commit", &[Edit::Write("mail", 300)]).await;
        let rotation = vaults[2].rotation("rotation");
        assert_eq!(database.append(rotation).await.unwrap(), Appended::Done);
        let inside = place.look_inside().await;
        let account = place.literal(vaults[3].account.as_bytes());
        let sets_behind = format!("UPDATE accounts SET behind = TRUE WHERE account_id = {account}");
        inside.execute_unprepared(&sets_behind).await.unwrap();

        let written = join_all(pushes.into_iter().map(|push| database.push(push))).await;
        let written: Vec<Written> = written.into_iter().map(Result::unwrap).collect();
        assert_eq!(written, [Written::Done, Written::Moved, Written::Moved, Written::Moved, Written::Done]);
        for (vault, vault_seq) in vaults.iter().zip([1, 1, 0, 0, 1]) {
            let Standing::Active(heads) = vault.standing(&database).await else { panic!("there is no account") };
            assert_eq!(heads.vault_seq, vault_seq);
        }
    })
    .await;
}

/// On SQLite a write waits for the one before it, whosever it is.
#[tokio::test]
async fn on_postgresql_an_account_that_somebody_holds_holds_up_no_other_for_long() {
    on_postgresql(async |place| {
        let database = place.open().await;
        let vaults = vaults(&database, 3).await;
        let mut pushes = Vec::new();
        for vault in &vaults {
            pushes.push(vault.commit(&database, "commit", &[Edit::Write("mail", 300)]).await);
        }
        let holds = place.look_inside().await.begin().await.unwrap();
        let account = place.literal(vaults[1].account.as_bytes());
        let hold = format!("SELECT behind FROM accounts WHERE account_id = {account} FOR UPDATE");
        holds.execute_unprepared(&hold).await.unwrap();

        let written = join_all(pushes.iter().map(|push| database.push(push.clone()))).await;
        assert_eq!(written.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        holds.rollback().await.unwrap();
        assert_eq!(database.push(pushes.remove(1)).await.unwrap(), Written::Done);
    })
    .await;
}

/// One task writes for all: nobody depends on who came first.
#[tokio::test]
async fn one_that_gives_up_takes_nobody_with_it() {
    on_each_database(async |storage| {
        let vaults = vaults(storage, 16).await;
        let mut pushes = Vec::new();
        for vault in &vaults {
            pushes.push(vault.commit(storage, "commit", &[Edit::Write("mail", 300)]).await);
        }
        let mut waiting: Vec<_> = pushes.into_iter().map(|push| storage.push(push)).collect();
        for push in &mut waiting {
            assert!(push.now_or_never().is_none());
        }
        drop(waiting.remove(0));
        for (vault, written) in vaults[1..].iter().zip(join_all(waiting).await) {
            let Standing::Active(heads) = vault.standing(storage).await else { panic!("there is no account") };
            assert_eq!((written.unwrap(), heads.vault_seq), (Written::Done, 1));
        }
    })
    .await;
}

#[tokio::test]
async fn a_commit_of_many_items_is_checked_against_all_of_them() {
    on_each_database(async |storage| {
        let mut vault = Vault::founded(storage, "ana").await;
        let names: Vec<String> = (0..20).map(|number| format!("item {number}")).collect();
        for count in [1, 20] {
            let edits: Vec<Edit<'_>> = names[..count].iter().map(|name| Edit::Write(name, 300)).collect();
            vault.push(storage, &format!("{count} items"), &edits).await;
            let mut items: Vec<_> = names.iter().map(|name| item(name)).collect();
            items.truncate(count);
            let base = storage.push_base(vault.account, &items).await.unwrap().unwrap();
            let mut changed: Vec<_> = base.changed.iter().map(|element| element.item).collect();
            changed.sort();
            items.sort();
            assert_eq!(changed, items);
            assert_eq!(base.heads, vault.heads);
        }
    })
    .await;
}
