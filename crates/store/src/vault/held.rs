use std::time::Duration;

use keyfold_vault::storage::StorageError;
use sea_orm::sqlx::{PgConnection, Postgres, pool::PoolConnection};
use tokio::time::timeout;

use crate::{Database, error::unavailable};

/// A connection to PostgreSQL that whoever serves a line keeps for as long as somebody waits: the pool asks each one that is
/// given back whether it is still there, which costs as much as what it was used for.
#[derive(Debug, Default)]
pub(crate) struct Held(Option<PoolConnection<Postgres>>);

impl Held {
    /// Tells the database something. A connection that failed is not kept; one on which nothing comes back is closed.
    pub(super) async fn tell<T>(
        &mut self,
        database: &Database,
        something: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sea_orm::sqlx::Error>,
    ) -> Result<T, StorageError> {
        let pool = database.reader.get_postgres_connection_pool();
        let mut connection = match self.0.take() {
            Some(connection) => connection,
            None => pool.acquire().await.map_err(unavailable)?,
        };
        match timeout(PATIENCE, something(&mut connection)).await {
            Ok(told) => {
                let told = told.map_err(unavailable)?;
                self.0 = Some(connection);
                Ok(told)
            }
            Err(late) => {
                // The pool would wait for it as well.
                drop(connection.detach());
                Err(unavailable(late))
            }
        }
    }
}

/// Longer than a group waits for a lock.
const PATIENCE: Duration = Duration::from_secs(10);
