use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::{
    Connection, Sqlite, SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::storage::StorageError;

/// One file, or one place in memory, by one connection at a time.
#[derive(Debug, Clone)]
pub(super) struct Database {
    pub(super) pool: SqlitePool,
    /// Whether the connection may be within a transaction. Only who has it in hand changes that.
    transacts: Arc<AtomicBool>,
}

impl Database {
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self, StorageError> {
        let transacts = Arc::new(AtomicBool::new(false));
        let releasing = Arc::clone(&transacts);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            // Nothing becomes of a file's connection while nobody has it.
            .test_before_acquire(false)
            .after_release(move |connection, _| {
                let transacted = releasing.swap(false, Ordering::AcqRel);
                Box::pin(async move { if transacted { is_clean(connection).await } else { Ok(true) } })
            })
            .connect_with(options)
            .await?;
        Ok(Self { pool, transacts })
    }

    /// The connection, for transactions.
    pub(super) async fn for_transaction(&self) -> Result<PoolConnection<Sqlite>, StorageError> {
        let connection = self.pool.acquire().await?;
        self.transacts.store(true, Ordering::Release);
        Ok(connection)
    }
}

/// Whether a connection is outside every transaction, so that the next to have it begins one of its own.
///
/// A failure such as a full disk may end a transaction inside SQLite, and the rollback after it then fails: sqlx takes the
/// connection for one within a transaction, and what follows would become savepoints that nothing ever commits.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // A rollback that was left to be done is done before the answer.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}
