//! Connections are kept: a new one for each operation would cost more than the operation.

use std::{collections::BTreeSet, process::Command};

use futures_util::FutureExt;
use keyfold_vault::storage::{ChainStorage, Standing, Upkeep as _, Written};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::{
    databases::on_each_place,
    vaults::{Edit, Vault},
};

/// The server's processes that serve this database's connections, but for the one that asks.
async fn backends(look: &DatabaseConnection) -> BTreeSet<i32> {
    let ask = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let rows = look.query_all_raw(Statement::from_string(look.get_database_backend(), ask)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn postgresql_serves_many_operations_on_the_same_connections() {
    on_each_place(async |place| {
        if !place.uri.starts_with("postgres") {
            return;
        }
        let (database, look) = (place.open().await, place.look_inside().await);
        database.sweep(1).await.unwrap();
        let before = backends(&look).await;
        for _ in 0..50 {
            database.sweep(1).await.unwrap();
        }
        assert!(!before.is_empty() && before.is_subset(&backends(&look).await), "connections were closed");
        database.close().await.unwrap();
    })
    .await;
}

/// What a server that began on an empty database learned of it then does not make it slow later.
#[tokio::test]
async fn postgresql_reads_no_whole_table_for_a_push() {
    on_each_place(async |place| {
        if !place.uri.starts_with("postgres") {
            return;
        }
        let database = place.open().await;
        let mut vault = Vault::founded(&database, "ana").await;
        for number in 0..PUSHES {
            let names = [format!("new {number}"), "mail".to_owned()];
            let edits = names.each_ref().map(|name| Edit::Write(name, 300));
            vault.push(&database, &format!("commit {number}"), &edits).await;
        }
        // A session counts what it did at its end at the latest.
        database.close().await.unwrap();
        let look = place.look_inside().await;
        let counts = async |column: &str| -> i64 {
            let ask = format!(
                "SELECT sum({column})::bigint FROM pg_stat_user_tables WHERE relname IN ('accounts', 'revisions')"
            );
            let row = look.query_one_raw(Statement::from_string(look.get_database_backend(), ask)).await.unwrap();
            row.unwrap().try_get_by_index(0).unwrap()
        };
        while counts("n_tup_ins").await < 1 + 2 * PUSHES {
            tokio::task::yield_now().await;
        }
        assert_eq!(counts("seq_tup_read").await, 0, "rows that nobody looked for were read");
    })
    .await;
}

/// As where the way to the database is cut without a word. The clock stands still but for what waits.
#[tokio::test]
async fn a_push_that_postgresql_does_not_answer_ends_and_the_next_goes_on_another_connection() {
    on_each_place(async |place| {
        if !place.uri.starts_with("postgres") {
            return;
        }
        let (database, look) = (place.open().await, place.look_inside().await);
        let mut vault = Vault::founded(&database, "ana").await;
        vault.push(&database, "first", &[Edit::Write("mail", 300)]).await;
        let push = vault.commit(&database, "second", &[Edit::Write("mail", 300)]).await;
        let silent = backends(&look).await;
        let signal = |signal: &str| {
            let mut kill = Command::new("kill");
            kill.arg(signal).args(silent.iter().map(ToString::to_string));
            assert!(kill.status().unwrap().success());
        };

        signal("-STOP");
        let mut waiting = database.push(push.clone());
        assert!((&mut waiting).now_or_never().is_none());
        tokio::time::pause();
        let answer = waiting.await;
        tokio::time::resume();
        signal("-CONT");
        assert!(answer.is_err(), "{answer:?}");

        // What it was told before its client went it may still have done.
        let again = database.push(push.clone()).await.unwrap();
        let Standing::Active(heads) = vault.standing(&database).await else { panic!("there is no account") };
        assert!(matches!(again, Written::Done | Written::Moved));
        assert_eq!((heads.vault_seq, heads.vault_head), (2, push.hash));
        database.close().await.unwrap();
    })
    .await;
}

const PUSHES: i64 = 20;
