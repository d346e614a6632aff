use std::time::Duration;

use keyfold_vault::storage::StorageError;
use sea_orm::sqlx::{self, PgConnection, Postgres, pool::PoolConnection};
use tokio::time::timeout;

use crate::{
    Database,
    error::{NoAnswer, unavailable},
};

/// A session with PostgreSQL that whoever serves a line keeps for as long as somebody waits: the pool asks each one that is
/// given back whether it is still there, which costs as much as what it was used for.
#[derive(Debug, Default)]
pub(crate) struct PostgresSession(Option<PoolConnection<Postgres>>);

impl PostgresSession {
    /// Asks the database something. A session in which that failed is not kept, and one in which nothing comes back is closed:
    /// else whoever waits in the line would wait until the network gives up.
    pub(super) async fn ask<T>(
        &mut self,
        database: &Database,
        question: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StorageError> {
        self.ask_within(PATIENCE, database, question).await
    }

    async fn ask_within<T>(
        &mut self,
        patience: Duration,
        database: &Database,
        question: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StorageError> {
        let mut session = match self.0.take() {
            Some(session) => session,
            None => {
                let given = timeout(patience, database.reader.get_postgres_connection_pool().acquire()).await;
                given.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(not_given)?
            }
        };
        let Ok(answer) = timeout(patience, question(&mut session)).await else {
            // The pool would wait for it as well.
            drop(session.detach());
            return Err(unavailable(NoAnswer));
        };
        let answer = answer.map_err(unavailable)?;
        self.0 = Some(session);
        Ok(answer)
    }
}

/// Whether anything comes back from PostgreSQL: if not, there is no use in asking for less.
pub(super) async fn answers(database: &Database) -> bool {
    let question = async |session: &mut PgConnection| sqlx::query("SELECT 1").execute(session).await;
    PostgresSession::default().ask_within(A_MOMENT, database, question).await.is_ok()
}

/// In time there was no session in which anything comes back.
fn not_given(error: sqlx::Error) -> StorageError {
    if matches!(error, sqlx::Error::PoolTimedOut) { unavailable(NoAnswer) } else { unavailable(error) }
}

/// Longer than a group waits for a lock.
const PATIENCE: Duration = Duration::from_secs(10);
const A_MOMENT: Duration = Duration::from_secs(2);
