//! Connections are kept: a new one for each operation would cost more than the operation.

use std::collections::BTreeSet;

use keyfold_vault::storage::Upkeep as _;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::databases::on_each_place;

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
