use keyfold_vault::storage::StorageError;
use sea_orm::{
    AccessMode, DatabaseTransaction, IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use crate::{Database, error::unavailable};

impl Database {
    /// Begins a write. On SQLite it takes the write lock at once: a lock taken later would fail instead of waiting.
    pub(crate) async fn write(&self) -> Result<DatabaseTransaction, StorageError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.writer.begin_with_options(options).await.map_err(unavailable)
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
        self.reader.begin_with_options(options).await.map_err(unavailable)
    }
}

/// Makes a transaction durable.
pub(crate) async fn commit(transaction: DatabaseTransaction) -> Result<(), StorageError> {
    transaction.commit().await.map_err(unavailable)
}
