use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, Row,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::{SqliteStorage, database::Database, glance::Glances};
use crate::storage::{Step, StorageError, error::io_error};

/// What makes each schema of the one before. `PRAGMA user_version` holds the number of the last one that was applied.
const SCHEMAS: [&str; 6] = [
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
];
const SCHEMA: i64 = SCHEMAS.len() as i64;
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// A step may wait for another process's network: longer than any request's own limit.
const STEP_TIMEOUT: Duration = Duration::from_secs(120);

impl SqliteStorage {
    /// Opens the profile in `folder`, which is made if it is not there; only its owner may look inside.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn open(folder: &Path) -> Result<Self, StorageError> {
        make_private(folder).map_err(|error| io_error(&error))?;
        let file = folder.join("profile.sqlite3");
        private_options().open(&file).map_err(|error| io_error(&error))?;
        let options = SqliteConnectOptions::new().filename(&file).journal_mode(SqliteJournalMode::Wal);
        let opened = Self::connect(options).await?;
        let glances = Some(Arc::new(Glances::open(&file, BUSY_TIMEOUT)?));
        Ok(Self { lock: Some(folder.join("lock")), glances, ..opened })
    }

    /// Whether `folder` holds a profile's file.
    #[must_use]
    pub fn exists(folder: &Path) -> bool {
        folder.join("profile.sqlite3").exists()
    }

    /// A profile that ends with this value.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn in_memory() -> Result<Self, StorageError> {
        Self::connect(SqliteConnectOptions::new().in_memory(true)).await
    }

    async fn connect(options: SqliteConnectOptions) -> Result<Self, StorageError> {
        let options = options
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let database = Database::open(options).await?;
        migrate(&database).await?;
        Ok(Self { database, lock: None, turn: Arc::new(Mutex::new(())), glances: None })
    }

    /// Waits until all is written and lets the file go.
    pub async fn close(self) {
        if let Some(glances) = &self.glances {
            glances.close();
        }
        self.database.pool.close().await;
    }

    pub(super) async fn take_turn(&self) -> Result<Step, StorageError> {
        let turn = tokio::time::timeout(STEP_TIMEOUT, Arc::clone(&self.turn).lock_owned())
            .await
            .map_err(|_| StorageError::Busy)?;
        let Some(path) = &self.lock else {
            return Ok(Step::new(turn));
        };
        let file = private_options().open(path).map_err(|error| io_error(&error))?;
        let file = tokio::time::timeout(STEP_TIMEOUT, lock(file)).await.map_err(|_| StorageError::Busy)??;
        Ok(Step::new((turn, file)))
    }
}

/// The lock ends with the file, also when the process is killed.
async fn lock(file: File) -> Result<File, StorageError> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(TryLockError::Error(error)) => return Err(io_error(&error)),
        }
    }
}

async fn migrate(database: &Database) -> Result<(), StorageError> {
    let mut connection = database.for_transaction().await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let found: i64 = sqlx::query("PRAGMA user_version").fetch_one(&mut *transaction).await?.try_get(0)?;
    let missing = usize::try_from(found).ok().and_then(|found| SCHEMAS.get(found..));
    let missing = missing.ok_or(StorageError::Newer { found, known: SCHEMA })?;
    if missing.is_empty() {
        return Ok(transaction.rollback().await?);
    }
    for schema in missing {
        sqlx::raw_sql(*schema).execute(&mut *transaction).await?;
    }
    let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {SCHEMA}"));
    sqlx::raw_sql(version).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

#[cfg(unix)]
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use keyfold_wire::{AccountId, MemberId};

    use super::*;
    use crate::storage::{Condition, Profile, Storage, Write};

    #[tokio::test]
    async fn an_enrolment_is_kept_until_it_is_cleared() {
        let storage = SqliteStorage::in_memory().await.unwrap();
        let step = storage.step().await.unwrap();
        let profile = Profile {
            account: AccountId::new([1; 16]),
            device: MemberId::new([2; 16]),
            server: "https://localhost".to_owned(),
            ca: None,
            sealed_secrets: vec![3],
            condition: Condition::Enrolling,
            stopped: None,
        };
        let writes = vec![Write::Profile(Box::new(profile.clone())), Write::PutEnrolment(vec![4])];
        storage.apply(&step, writes).await.unwrap();
        storage.apply(&step, vec![Write::PutEnrolment(vec![5])]).await.unwrap();
        assert_eq!(storage.profile().await.unwrap(), Some(profile));
        assert_eq!(storage.enrolment().await.unwrap(), Some(vec![5]));
        storage.apply(&step, vec![Write::ClearEnrolment]).await.unwrap();
        assert_eq!(storage.enrolment().await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_mark_changes_with_every_write_of_every_process_and_with_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let one = SqliteStorage::open(folder.path()).await.unwrap();
        let other = SqliteStorage::open(folder.path()).await.unwrap();
        let (mut of_one, mut of_other) = (one.glance().await.unwrap().0, other.glance().await.unwrap().0);
        for writer in [&one, &other, &other, &one] {
            assert_eq!((one.glance().await.unwrap().0, other.glance().await.unwrap().0), (of_one, of_other));
            one.edits().await.unwrap();
            assert_eq!((one.glance().await.unwrap().0, other.glance().await.unwrap().0), (of_one, of_other));
            writer.add_edits(vec![(keyfold_wire::ItemId::new([1; 16]), vec![2])]).await.unwrap();
            let marks = (one.glance().await.unwrap().0, other.glance().await.unwrap().0);
            assert!(marks.0 != of_one && marks.1 != of_other);
            (of_one, of_other) = marks;
        }
        one.opened(5).await.unwrap();
        let (of_other, glanced) = (of_other, other.glance().await.unwrap());
        assert_ne!(glanced.0, of_other);
        assert_eq!(glanced.1, other.lock_state().await.unwrap());
        assert_eq!(glanced.1.used_at, Some(5));
    }

    #[tokio::test]
    async fn a_profile_of_an_older_program_is_brought_to_the_newest_schema() {
        let folder = tempfile::tempdir().unwrap();
        let older = SqliteConnectOptions::new().filename(folder.path().join("profile.sqlite3")).create_if_missing(true);
        let mut older = older.connect().await.unwrap();
        let schema = sqlx::AssertSqlSafe(format!("{} PRAGMA user_version = 1;", SCHEMAS[0]));
        sqlx::raw_sql(schema).execute(&mut older).await.unwrap();
        older.close().await.unwrap();
        let storage = SqliteStorage::open(folder.path()).await.unwrap();
        assert_eq!(storage.keyring_secrets().await.unwrap(), None);
        let step = storage.step().await.unwrap();
        for sealed in [vec![1], vec![2]] {
            storage.apply(&step, vec![Write::KeyringSecrets(sealed.clone())]).await.unwrap();
            assert_eq!(storage.keyring_secrets().await.unwrap(), Some(sealed));
        }
        storage.apply(&step, vec![Write::Erase]).await.unwrap();
        assert_eq!(storage.keyring_secrets().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_profile_of_a_newer_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(folder.path()).await.unwrap();
        sqlx::raw_sql("PRAGMA user_version = 1000").execute(&storage.database.pool).await.unwrap();
        storage.close().await;
        let refused = SqliteStorage::open(folder.path()).await;
        assert!(matches!(refused, Err(StorageError::Newer { found: 1000, .. })));
    }
}
