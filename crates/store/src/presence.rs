//! Who is at a PostgreSQL database: servers beside one another, or a restore alone. Each session of either holds an advisory
//! lock, which PostgreSQL lets go when the session ends, however it ends. On SQLite, locks of the file say the same.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr,
    sqlx::{self, Connection as _, PgConnection},
};

use crate::{ConnectError, url::DatabaseUrl};

/// Whether a session may be at the database now, until it ends, beside other servers'.
async fn beside_others(session: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock_shared($1)").bind(PRESENT).fetch_one(session).await
}

/// The same for a session of a pool, which has no other way to be told.
pub(crate) async fn enter(session: &mut PgConnection) -> Result<(), sqlx::Error> {
    if beside_others(session).await? {
        Ok(())
    } else {
        Err(sqlx::Error::Protocol(ConnectError::TakenAlone.to_string()))
    }
}

/// Whether a server may be at the database now: a pool would only find that it gets no connection.
///
/// # Errors
/// [`ConnectError`].
pub(crate) async fn look(url: &DatabaseUrl) -> Result<(), ConnectError> {
    let failed = |error| DbErr::Conn(RuntimeErr::SqlxError(std::sync::Arc::new(error)));
    let mut session = PgConnection::connect(url.expose()).await.map_err(failed)?;
    let may = beside_others(&mut session).await.map_err(failed)?;
    session.close().await.map_err(failed)?;
    if may { Ok(()) } else { Err(ConnectError::TakenAlone) }
}

/// Whether the only session of this connection is alone at the database now, until it ends. A session that is about to end
/// is waited for: PostgreSQL ends one a moment after its client has gone.
pub(crate) async fn alone(only: &DatabaseConnection) -> Result<bool, DbErr> {
    only.execute_unprepared("SET lock_timeout = '2s'").await?;
    let locked = only.execute_unprepared(&format!("SELECT pg_advisory_lock({PRESENT})")).await;
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

/// The lock's number: "keyfold" in ASCII. Whatever else uses the same database has numbers of its own.
const PRESENT: i64 = 0x006b_6579_666f_6c64;
