use sqlx::{Row, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::rows::{damaged, number, to_sql};
use crate::storage::{LockState, StorageError};

pub(super) async fn state(pool: &SqlitePool) -> Result<LockState, StorageError> {
    let Some(row) = sqlx::query("SELECT * FROM lock").fetch_optional(pool).await? else {
        return Ok(LockState::default());
    };
    Ok(LockState {
        is_locked: row.try_get("is_locked")?,
        idle_after: optional(&row, "idle_after")?,
        used_at: optional(&row, "used_at")?,
        guesses: u32::try_from(number(&row, "guesses")?).map_err(|_| damaged("count of guesses"))?,
        guessed_at: optional(&row, "guessed_at")?,
    })
}

pub(super) async fn count_guess(pool: &SqlitePool, seen: u32, at: u64) -> Result<bool, StorageError> {
    begin(pool).await?;
    let query = sqlx::query("UPDATE lock SET guesses = min(guesses + 1, 4294967295), guessed_at = ? WHERE guesses = ?");
    Ok(query.bind(to_sql(at)).bind(seen).execute(pool).await?.rows_affected() > 0)
}

pub(super) async fn return_guess(pool: &SqlitePool) -> Result<(), StorageError> {
    sqlx::query("UPDATE lock SET guesses = max(guesses - 1, 0)").execute(pool).await?;
    Ok(())
}

pub(super) async fn opened(pool: &SqlitePool, at: u64) -> Result<(), StorageError> {
    begin(pool).await?;
    let query = sqlx::query("UPDATE lock SET guesses = 0, guessed_at = NULL, is_locked = 0, used_at = ?");
    query.bind(to_sql(at)).execute(pool).await?;
    Ok(())
}

pub(super) async fn used(pool: &SqlitePool, at: u64) -> Result<(), StorageError> {
    begin(pool).await?;
    sqlx::query("UPDATE lock SET used_at = ?").bind(to_sql(at)).execute(pool).await?;
    Ok(())
}

pub(super) async fn lock(connection: &mut SqliteConnection) -> Result<(), StorageError> {
    sqlx::query(BEGIN).bind(idle_after()).execute(&mut *connection).await?;
    sqlx::query("UPDATE lock SET is_locked = 1").execute(connection).await?;
    Ok(())
}

pub(super) async fn lock_after(pool: &SqlitePool, idle: Option<u64>) -> Result<(), StorageError> {
    begin(pool).await?;
    sqlx::query("UPDATE lock SET idle_after = ?").bind(idle.map(to_sql)).execute(pool).await?;
    Ok(())
}

/// The one row, as of a profile that nobody has locked.
async fn begin(pool: &SqlitePool) -> Result<(), StorageError> {
    sqlx::query(BEGIN).bind(idle_after()).execute(pool).await?;
    Ok(())
}

fn idle_after() -> Option<i64> {
    LockState::default().idle_after.map(to_sql)
}

const BEGIN: &str = "INSERT OR IGNORE INTO lock (id, idle_after) VALUES (1, ?)";

fn optional(row: &SqliteRow, column: &str) -> Result<Option<u64>, StorageError> {
    row.try_get::<Option<i64>, _>(column)?.map(|_| number(row, column)).transpose()
}
