use sqlx::{Row, SqlitePool};

use crate::storage::{AuthenticatorRecord, StorageError};

pub(super) async fn record(pool: &SqlitePool, record: AuthenticatorRecord) -> Result<Option<Vec<u8>>, StorageError> {
    let query = sqlx::query("SELECT sealed FROM authenticator WHERE name = ?").bind(record.name());
    Ok(query.fetch_optional(pool).await?.map(|row| row.try_get("sealed")).transpose()?)
}

/// One statement, so that nobody comes between.
pub(super) async fn replace(
    pool: &SqlitePool,
    record: AuthenticatorRecord,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
) -> Result<bool, StorageError> {
    let query = match (&before, &after) {
        (None, None) => return Ok(self::record(pool, record).await?.is_none()),
        (None, Some(_)) => "INSERT OR IGNORE INTO authenticator (name, sealed) VALUES (?1, ?3)",
        (Some(_), Some(_)) => "UPDATE authenticator SET sealed = ?3 WHERE name = ?1 AND sealed = ?2",
        (Some(_), None) => "DELETE FROM authenticator WHERE name = ?1 AND sealed = ?2",
    };
    let query = sqlx::query(query).bind(record.name()).bind(before).bind(after);
    Ok(query.execute(pool).await?.rows_affected() > 0)
}
