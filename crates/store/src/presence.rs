//! Who is at a PostgreSQL database: servers beside one another, or a restore alone. Each session of either holds an advisory
//! lock, which PostgreSQL lets go when the session ends, however it ends. On SQLite, locks of the file say the same.

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr,
    sqlx::{self, PgConnection},
};

use crate::ConnectError;

/// Lets a session of a server in, beside others', until it ends. A pool whose sessions are not let in has none to give.
pub(crate) async fn enter(session: &mut PgConnection) -> Result<(), sqlx::Error> {
    let may: bool = sqlx::query_scalar(ENTER).fetch_one(session).await?;
    if may { Ok(()) } else { Err(sqlx::Error::Protocol(ConnectError::TakenAlone.to_string())) }
}

/// Whether a server may be at the database now: from its pool it would only hear that there is no connection.
///
/// # Errors
/// [`ConnectError`].
pub(crate) async fn look(session: ConnectOptions) -> Result<(), ConnectError> {
    let only = sea_orm::Database::connect(session).await?;
    let may = locked(&only, BESIDE_OTHERS).await?;
    only.close().await?;
    if may { Ok(()) } else { Err(ConnectError::TakenAlone) }
}

/// Whether the only session of this connection is alone at the database now, until it ends.
pub(crate) async fn alone(only: &DatabaseConnection) -> Result<bool, DbErr> {
    locked(only, ALONE).await
}

/// Takes a lock. A session that is about to end is waited for: PostgreSQL ends one a moment after its client has gone.
async fn locked(only: &DatabaseConnection, lock: &str) -> Result<bool, DbErr> {
    only.execute_unprepared("SET lock_timeout = '2s'").await?;
    let locked = only.execute_unprepared(lock).await;
    only.execute_unprepared("RESET lock_timeout").await?;
    match locked {
        Ok(_) => Ok(true),
        Err(error) if is_lock_timeout(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_lock_timeout(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("55P03")
}

// The lock's number is "keyfold" in ASCII. Whatever else uses the same database has numbers of its own.
const ENTER: &str = "SELECT pg_try_advisory_lock_shared(x'6b6579666f6c64'::bigint)";
const BESIDE_OTHERS: &str = "SELECT pg_advisory_lock_shared(x'6b6579666f6c64'::bigint)";
const ALONE: &str = "SELECT pg_advisory_lock(x'6b6579666f6c64'::bigint)";
