use keyfold_vault::storage::StorageError;
use sea_orm::{
    AccessMode, DatabaseConnection, DatabaseTransaction, IsolationLevel, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tracing::Instrument;

use crate::{Database, error::unavailable};

impl Database {
    /// Begins a write. On SQLite it takes the write lock at once: a lock taken later would fail instead of waiting.
    pub(crate) async fn write(&self) -> Result<DatabaseTransaction, StorageError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.begin(&self.writer, options).await
    }

    /// Begins reads that all see the same moment. SQLite's reads do so by themselves.
    pub(crate) async fn snapshot(&self) -> Result<DatabaseTransaction, StorageError> {
        let options = if self.is_postgres() {
            TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            }
        } else {
            TransactionOptions::default()
        };
        let database = if self.is_postgres() { &self.writer } else { &self.reader };
        self.begin(database, options).await
    }

    async fn begin(
        &self,
        on: &DatabaseConnection,
        options: TransactionOptions,
    ) -> Result<DatabaseTransaction, StorageError> {
        let _place = self.beginning.enter();
        let began = on.begin_with_options(options).instrument(tracing::debug_span!("begin"));
        began.await.map_err(unavailable)
    }
}

/// Makes a transaction durable.
pub(crate) async fn commit(transaction: DatabaseTransaction) -> Result<(), StorageError> {
    transaction.commit().instrument(tracing::debug_span!("commit")).await.map_err(unavailable)
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;
    use crate::{DatabaseUrl, DatabaseUse};

    #[tokio::test]
    async fn who_waits_for_the_one_that_writes_is_counted_until_its_turn_or_its_end() {
        let folder = tempfile::TempDir::new().unwrap();
        let database = Database::connect(&DatabaseUrl::file(&folder.path().join("keyfold.db"))).await.unwrap();
        let first = database.write().await.unwrap();
        let (mut second, mut third) = (Box::pin(database.write()), Box::pin(database.write()));
        assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        let DatabaseUse { busy, waiting, .. } = database.in_use();
        assert!(busy > 0 && waiting == 2, "{busy} {waiting}");
        drop(third);
        assert_eq!(database.in_use().waiting, 1);
        commit(first).await.unwrap();
        let second = second.await.unwrap();
        assert_eq!(database.in_use().waiting, 0);
        commit(second).await.unwrap();
        database.close().await.unwrap();
    }
}
