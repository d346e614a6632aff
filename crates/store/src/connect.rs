use std::{sync::Arc, time::Duration};

use keyfold_migrations::MigrationError;
use sea_orm::{
    ConnectOptions, DatabaseConnection, DbErr,
    sqlx::{
        self, Connection, Row,
        postgres::{PgConnectOptions, PgConnection},
        sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous},
    },
};

use crate::{
    ConnectError, DatabaseUse,
    database_use::Queue,
    presence,
    url::{DatabaseUrl, Kind},
    vault::Lines,
};

/// An open database. On SQLite one connection writes and a few read beside it; on PostgreSQL some begin
/// transactions, and some take single statements, each of which is one by itself.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: DatabaseConnection,
    pub(crate) lines: Arc<Lines>,
    /// Transactions that have not begun yet.
    pub(crate) beginning: Queue,
    kind: Kind,
}

impl Database {
    /// Opens the database; a SQLite file is made if it is not there.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, ConnectError> {
        let kind = url.kind();
        match kind {
            Kind::Sqlite => {
                let writer = sea_orm::Database::connect(sqlite(url, Role::Writer)).await.map_err(taken)?;
                let reader = sea_orm::Database::connect(sqlite(url, Role::Reader)).await?;
                Ok(Self { writer, reader, lines: Arc::default(), beginning: Queue::default(), kind })
            }
            Kind::Postgres => {
                presence::look(options(url, 1)).await?;
                let writer = sea_orm::Database::connect(postgres(url, Role::Writer)).await?;
                let reader = sea_orm::Database::connect(postgres(url, Role::Reader)).await?;
                Ok(Self { writer, reader, lines: Arc::default(), beginning: Queue::default(), kind })
            }
        }
    }

    /// Brings the schema up to date; the names of the migrations that were applied just now.
    ///
    /// # Errors
    /// [`MigrationError`].
    pub async fn migrate(&self) -> Result<Vec<String>, MigrationError> {
        keyfold_migrations::migrate(&self.writer).await
    }

    /// Waits for what is under way and closes every connection.
    ///
    /// # Errors
    /// [`ConnectError::Unavailable`].
    pub async fn close(self) -> Result<(), ConnectError> {
        self.reader.close().await?;
        self.writer.close().await?;
        Ok(())
    }

    /// What is in use of it at this moment.
    #[must_use]
    pub fn in_use(&self) -> DatabaseUse {
        let pools = [&self.writer, &self.reader].map(|pool| match self.kind {
            Kind::Sqlite => {
                let pool = pool.get_sqlite_connection_pool();
                (usize::try_from(pool.size()).unwrap_or(usize::MAX), pool.num_idle())
            }
            Kind::Postgres => {
                let pool = pool.get_postgres_connection_pool();
                (usize::try_from(pool.size()).unwrap_or(usize::MAX), pool.num_idle())
            }
        });
        // For a moment sqlx may have counted one out that it has not counted in yet.
        let (open, idle) =
            pools.into_iter().fold((0, 0), |(open, idle), pool| (open + pool.0, idle + pool.1.min(pool.0)));
        DatabaseUse {
            busy: open.saturating_sub(idle),
            idle,
            waiting: self.beginning.length() + self.lines.pushes.depth(),
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.kind == Kind::Postgres
    }
}

/// A SQLite file that somebody has alone cannot even be opened.
fn taken(error: DbErr) -> ConnectError {
    if is_locked(&error) { ConnectError::TakenAlone } else { error.into() }
}

/// Whether somebody has a SQLite file so that this cannot be done beside them.
pub(crate) fn is_locked(error: &DbErr) -> bool {
    error.to_string().contains("database is locked")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Writer,
    Reader,
}

fn options(url: &DatabaseUrl, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.expose());
    // Statements carry what users do; they belong in no log.
    options.sqlx_logging(false).record_stmt_in_spans(false);
    options.max_connections(connections).acquire_timeout(ACQUIRE);
    // Connections are kept. sqlx looks after ones that are to end by a task that counts the idle ones a moment before they
    // are there: it then counts down from 2^64, and its thread does nothing else any more, also when the program is to end.
    options.idle_timeout(None).max_lifetime(None);
    // What was used a moment ago is there: to ask before every use would double its turns. If it is not, whoever used it is
    // told so, and it is used no more.
    options.test_before_acquire_if_idle_for(MAYBE_GONE);
    options
}

fn sqlite(url: &DatabaseUrl, role: Role) -> ConnectOptions {
    let mut options = options(url, if role == Role::Writer { 1 } else { SQLITE_READERS });
    options.map_sqlx_sqlite_opts(move |file: SqliteConnectOptions| {
        let file = file
            .create_if_missing(role == Role::Writer)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        match role {
            Role::Reader => file.pragma("query_only", "on"),
            // What a statement of many rows may have to undo stays in memory, else SQLite makes a file for it. The log goes
            // to the database every 32 MiB: a page that every push writes anew goes there once.
            Role::Writer => {
                file.pragma("temp_store", "memory").pragma("cache_size", "-16384").pragma("wal_autocheckpoint", "8000")
            }
        }
    });
    options.map_sqlx_sqlite_pool_opts(|pool| pool.after_release(|connection, _| Box::pin(is_clean(connection))));
    options
}

/// The only connection to a database: to a SQLite file, while nobody else has it open; on PostgreSQL, [`presence::alone`]
/// says whether it is the only one.
pub(crate) fn alone(url: &DatabaseUrl) -> ConnectOptions {
    match url.kind() {
        Kind::Sqlite => {
            let mut options = options(url, 1);
            options.map_sqlx_sqlite_opts(|file: SqliteConnectOptions| {
                // Not for long: who has it open has it until it ends.
                file.create_if_missing(true)
                    .locking_mode(SqliteLockingMode::Exclusive)
                    .journal_mode(SqliteJournalMode::Delete)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_millis(500))
            });
            options
        }
        Kind::Postgres => {
            let mut options = options(url, 1);
            options.map_sqlx_postgres_opts(|server: PgConnectOptions| server.application_name("keyfoldd restore"));
            options
        }
    }
}

/// A SQLite file that is looked at and not touched.
pub(crate) fn read_only(url: &DatabaseUrl) -> ConnectOptions {
    let mut options = options(url, 1);
    options.map_sqlx_sqlite_opts(|file: SqliteConnectOptions| file.read_only(true).immutable(true));
    options
}

fn postgres(url: &DatabaseUrl, role: Role) -> ConnectOptions {
    let mut options = options(url, POSTGRES_CONNECTIONS);
    options.map_sqlx_postgres_opts(move |server: PgConnectOptions| {
        let server = server.application_name("keyfoldd").options(BY_KEY);
        // A group of pushes waits for no account longer than that: then each is tried alone.
        if role == Role::Reader { server.options([("lock_timeout", LOCK)]) } else { server }
    });
    options.map_sqlx_postgres_pool_opts(move |pool| {
        let pool = pool.after_connect(|connection, _| Box::pin(presence::enter(connection)));
        if role == Role::Writer {
            pool.after_release(|connection, _| Box::pin(has_begun_nothing(connection)))
        } else {
            pool
        }
    });
    options
}

/// Whether a connection is outside every transaction, so that the next to have it begins one of its own.
///
/// sqlx forgets a transaction whose beginning was given up halfway, and what follows would be part of it. Only the first
/// statement of a transaction is as old as the transaction; one that has failed answers nothing.
async fn has_begun_nothing(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    // As a simple query: of an extended one, its execution is a moment younger than its transaction.
    let first = sqlx::raw_sql("SELECT transaction_timestamp() = statement_timestamp()").fetch_one(connection).await?;
    first.try_get(0)
}

/// The same for SQLite.
///
/// A failure such as a full disk may end a transaction inside SQLite, and the rollback after it then fails: sqlx takes the
/// connection for one within a transaction, and what follows would become savepoints that nothing ever commits.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Most have no transaction, and need not be asked. A `BEGIN` that nobody waited for any more, and that is not counted
    // yet, is rolled back by the connection itself before anything else that it is told.
    if !connection.is_in_transaction() {
        return Ok(true);
    }
    // A rollback that was left to be done is done before the answer.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

const SQLITE_READERS: u32 = 4;
/// For transactions, and again for single statements.
const POSTGRES_CONNECTIONS: u32 = 16;
/// After so long without use a connection may have gone without a word.
const MAYBE_GONE: Duration = Duration::from_secs(1);
/// What is looked up is looked up by its key. PostgreSQL keeps a statement's plan, and one that it made when a table was new
/// would read all of it for each row, also when there are many. Who reads a whole table, as a backup does, still can.
const BY_KEY: [(&str, &str); 3] = [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];
const LOCK: &str = "2s";
const ACQUIRE: Duration = Duration::from_secs(5);
/// Shorter, so that whoever waits for a file hears that it is locked.
const BUSY: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_connection_is_to_end_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::file(&folder.path().join("keyfold.db"));
        let database = Database::connect(&url).await.unwrap();
        let alone =
            sea_orm::Database::connect(alone(&DatabaseUrl::file(&folder.path().join("backup.db")))).await.unwrap();
        for pool in [&database.writer, &database.reader, &alone] {
            let options = pool.get_sqlite_connection_pool().options();
            assert_eq!((options.get_idle_timeout(), options.get_max_lifetime()), (None, None));
        }
    }
}
