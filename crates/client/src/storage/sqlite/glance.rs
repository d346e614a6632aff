use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, Row};

use super::rows::damaged;
use crate::storage::{LockState, Mark, StorageError};

/// A connection that only ever looks, on the thread that asks: each of sqlx's questions wakes a thread and is woken by it, which
/// takes several times as long as the answer, and here somebody waits for a sign-in. `data_version` changes with whatever
/// another connection commits, of this process or not.
#[derive(Debug)]
pub(super) struct Glances(Mutex<Option<Connection>>);

impl Glances {
    /// At a file whose schema is there.
    pub(super) fn open(file: &Path, busy_timeout: Duration) -> Result<Self, StorageError> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(busy_timeout)?;
        // Without its log readers would hold writers up.
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(StorageError::Unusable(format!("SQLite keeps its log as {mode} here, not as wal")));
        }
        // Not opened to be read only: the last connection to close takes the log away.
        connection.pragma_update(None, "query_only", true)?;
        Ok(Self(Mutex::new(Some(connection))))
    }

    pub(super) fn close(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    pub(super) fn glance(&self) -> Result<(Mark, LockState), StorageError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = || StorageError::Unusable("it is closed".to_owned());
        let connection = connection.as_ref().ok_or_else(closed)?;
        // The mark first: how it is locked may be newer, never older.
        let mark: u32 = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        let mut lock = connection.prepare_cached("SELECT * FROM lock")?;
        let lock = lock.query_row([], |row| Ok(read(row))).optional()?.transpose()?;
        Ok((Mark::new(mark.into()), lock.unwrap_or_default()))
    }
}

fn read(row: &Row<'_>) -> Result<LockState, StorageError> {
    Ok(LockState {
        is_locked: row.get("is_locked")?,
        idle_after: number(row, "idle_after")?,
        used_at: number(row, "used_at")?,
        guesses: row.get("guesses")?,
        guessed_at: number(row, "guessed_at")?,
    })
}

fn number(row: &Row<'_>, column: &'static str) -> Result<Option<u64>, StorageError> {
    let number: Option<i64> = row.get(column)?;
    number.map(|number| u64::try_from(number).map_err(|_| damaged(column))).transpose()
}
