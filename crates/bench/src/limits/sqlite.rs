//! Raw commits of SQLite: one table, one connection, the pragmas of the server's writer (WAL, synchronous=FULL, sizes of cache
//! and log), on the same file system. Statements go to SQLite many at a time, each a transaction of its own, so that no thread
//! waits for another between two commits. The log is grown to its full size first: a running server's does not grow either,
//! and a file that grows is slower to flush.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Executor, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tempfile::TempDir;

use crate::{failure::Failure, stage::Stage};

/// A database with one table of rows.
pub(crate) struct RawSqlite {
    connection: SqliteConnection,
    /// Several transactions.
    statements: String,
    transactions: usize,
    _folder: TempDir,
}

impl RawSqlite {
    /// Transactions of so many rows of so many bytes.
    pub(crate) async fn open(stage: &Stage, rows: usize, bytes: usize) -> Result<Self, Failure> {
        let folder = stage.folder("sqlite.")?;
        let mut connection = connect(&folder.path().join("raw.db")).await?;
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL)").await?;
        connection.execute(AssertSqlSafe(format!("BEGIN;{}COMMIT;", FILL.repeat(PAGES)))).await?;
        let insert = format!("INSERT INTO rows (body) VALUES (randomblob({bytes}));");
        let one = match rows {
            1 => insert,
            rows => format!("BEGIN;{}COMMIT;", insert.repeat(rows)),
        };
        let transactions = STATEMENTS.div_ceil(rows);
        Ok(Self { connection, statements: one.repeat(transactions), transactions, _folder: folder })
    }

    /// Transactions a second, over at least this time.
    pub(crate) async fn rate(&mut self, time: Duration) -> Result<f64, Failure> {
        let (begun, mut done) = (Instant::now(), 0);
        while begun.elapsed() < time {
            sqlx::raw_sql(AssertSqlSafe(self.statements.as_str())).execute(&mut self.connection).await?;
            done += self.transactions;
        }
        Ok(done as f64 / begun.elapsed().as_secs_f64())
    }
}

async fn connect(file: &Path) -> Result<SqliteConnection, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("temp_store", "memory")
        .pragma("cache_size", "-16384")
        .pragma("wal_autocheckpoint", "8000")
        .disable_statement_logging();
    Ok(options.connect().await?)
}

/// At a time.
const STATEMENTS: usize = 10;
/// A page, nearly.
const FILL: &str = "INSERT INTO rows (body) VALUES (randomblob(4000));";
/// More than SQLite keeps in the log before it moves them to the database.
const PAGES: usize = 9_000;
