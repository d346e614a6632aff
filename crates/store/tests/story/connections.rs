//! Connections are kept, for a new one for each operation would cost more than the operation; but not one on which nothing
//! comes back. What is asked over them is looked up by key.

use std::{collections::BTreeSet, process::Command, time::Duration};

use futures_util::future::join_all;
use keyfold_vault::storage::{ChainStorage, Standing, StorageError, Upkeep as _, Written};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::{
    databases::on_postgresql,
    vaults::{Edit, Vault},
};

/// The server's processes that serve this database's connections, but for the one connection that asks.
async fn backends(look: &DatabaseConnection) -> BTreeSet<i32> {
    let ask = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' \
               AND pid <> pg_backend_pid()";
    let rows = look.query_all_raw(Statement::from_string(look.get_database_backend(), ask)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn postgresql_serves_many_operations_on_the_same_connections() {
    on_postgresql(async |place| {
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
    on_postgresql(async |place| {
        let database = place.open().await;
        let mut vault = Vault::founded(&database, "ana").await;
        for number in 0..PUSHES {
            let names = [format!("new {number}"), "mail".to_owned()];
            let edits = names.each_ref().map(|name| Edit::Write(name, 300));
            vault.push(&database, &format!("commit {number}"), &edits).await;
        }
        database.close().await.unwrap();
        let look = place.look_inside().await;
        let counts = async |column: &str| -> i64 {
            let ask = format!(
                "SELECT sum({column})::bigint FROM pg_stat_user_tables WHERE relname IN ('accounts', 'revisions')"
            );
            let row = look.query_one_raw(Statement::from_string(look.get_database_backend(), ask)).await.unwrap();
            row.unwrap().try_get_by_index(0).unwrap()
        };
        // At its end at the latest, a session has counted what it did.
        let ended = async {
            while !backends(&look).await.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(A_MINUTE, ended).await.expect("sessions that were closed go on");
        assert_eq!(counts("n_tup_ins").await, 1 + 2 * PUSHES);
        assert_eq!(counts("seq_tup_read").await, 0, "rows that nobody looked for were read");
    })
    .await;
}

/// As where the way to the database is cut without a word.
#[tokio::test]
async fn pushes_that_postgresql_does_not_answer_end_together_and_hold_no_connection() {
    on_postgresql(async |place| {
        let (database, look) = (place.open().await, place.look_inside().await);
        let (mut vaults, mut pushes) = (Vec::new(), Vec::new());
        for name in ["ana", "ben"] {
            let mut vault = Vault::founded(&database, name).await;
            vault.push(&database, "first", &[Edit::Write("mail", 300)]).await;
            pushes.push(vault.commit(&database, "second", &[Edit::Write("mail", 300)]).await);
            vaults.push(vault);
        }
        // So that they take one that is there.
        let given_back = async {
            while database.in_use().busy > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(A_MINUTE, given_back).await.expect("a connection is not given back");

        let silent = Silent::of(backends(&look).await);
        // The clock stands still but for what waits: without a deadline, this one is next.
        tokio::time::pause();
        let both = join_all(pushes.iter().map(|push| database.push(push.clone())));
        let answers = tokio::time::timeout(LONGER_THAN_ONE_PATIENCE, both).await;
        tokio::time::resume();
        let in_use = database.in_use();
        drop(silent);
        for answer in answers.expect("whoever waited waits as long again") {
            let Err(StorageError::Unavailable(why)) = answer else { panic!("{answer:?}") };
            assert_eq!(why.to_string(), "PostgreSQL did not answer in time");
        }
        assert_eq!(in_use.busy, 0);

        // What it was told before its client went it may still have done.
        for (vault, push) in vaults.iter().zip(pushes) {
            let hash = push.hash;
            assert!(matches!(database.push(push).await.unwrap(), Written::Done | Written::Moved));
            let Standing::Active(heads) = vault.standing(&database).await else { panic!("there is no account") };
            assert_eq!((heads.vault_seq, heads.vault_head), (2, hash));
        }
        database.close().await.unwrap();
    })
    .await;
}

/// Processes that stand still until this goes.
struct Silent(BTreeSet<i32>);

impl Silent {
    fn of(processes: BTreeSet<i32>) -> Self {
        let this = Self(processes);
        assert!(this.signal("-STOP"));
        this
    }

    fn signal(&self, signal: &str) -> bool {
        let mut kill = Command::new("kill");
        kill.arg(signal).args(self.0.iter().map(ToString::to_string));
        kill.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

const PUSHES: i64 = 20;
const A_MINUTE: Duration = Duration::from_secs(60);
/// Ten seconds, and at most four to see whether there is any answer; to try each alone takes five more at least.
const LONGER_THAN_ONE_PATIENCE: Duration = Duration::from_millis(14_500);
