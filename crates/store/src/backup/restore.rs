use std::path::{Path, PathBuf};

use keyfold_migrations::{MigrationError, check};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, Statement,
    TransactionTrait, sea_query::Expr,
};

use super::{
    Attachment, Contents, Progress, attachments,
    copy::{clear, copy_all, delete_again, forget_what_ended},
};
use crate::{
    DatabaseUrl,
    connect::{alone, is_locked, read_only},
    entity::{accounts, server_keys},
    presence,
    url::Kind,
};

/// What a restore does with a database that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leaves it alone.
    Keep,
    /// Replaces everything in it but what has ended for good: a deleted account stays deleted, a used invite used.
    Replace,
    /// Replaces everything in it, also what has ended since the backup, as where a thief deleted an account.
    Undo,
}

/// A restored database.
#[derive(Debug)]
pub struct Restored {
    /// What came from the backup. Each account waits for its devices' offers.
    pub contents: Contents,
    /// Accounts among them that are deleted in this database: they are not there.
    pub deleted: u64,
    /// The server's files that came with it.
    pub attachments: Vec<Attachment>,
}

/// Why nothing was restored. The database is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is no such file.
    #[error("there is no backup at {0}")]
    NoBackup(PathBuf),
    /// The file is no backup, or is damaged.
    #[error("{path} is not a whole backup: {reason}")]
    NotABackup {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It was made by another version.
    #[error("the backup: {0}")]
    OtherVersion(MigrationError),
    /// The database has accounts.
    #[error("the database is not empty: restore into an empty one, or replace all that is in it with --replace")]
    NotEmpty,
    /// A server uses the database.
    #[error("a keyfoldd is running on this database: stop it first")]
    InUse,
    /// The database's schema is not this program's.
    #[error(transparent)]
    Schema(MigrationError),
    /// The database failed.
    #[error("the restore failed: {0}")]
    Database(#[from] DbErr),
}

/// Puts a backup into a database, as a whole, and marks every account of it as behind: devices may have seen more.
///
/// # Errors
/// [`RestoreError`].
pub async fn restore(
    url: &DatabaseUrl,
    file: &Path,
    existing: Existing,
    progress: Progress<'_>,
) -> Result<Restored, RestoreError> {
    let backup = open(file).await?;
    let target = sea_orm::Database::connect(alone(url)).await.map_err(in_use)?;
    let restored = replay(&backup, file, &target, url.kind(), existing, progress).await;
    target.close().await?;
    backup.close().await?;
    restored
}

async fn replay(
    backup: &DatabaseConnection,
    file: &Path,
    target: &DatabaseConnection,
    kind: Kind,
    existing: Existing,
    progress: Progress<'_>,
) -> Result<Restored, RestoreError> {
    if kind == Kind::Postgres && !presence::alone(target).await? {
        return Err(RestoreError::InUse);
    }
    keyfold_migrations::migrate(target).await.map_err(|error| match error {
        MigrationError::Database(error) => in_use(error),
        error => RestoreError::Schema(error),
    })?;
    let (from, to) = (backup.begin().await?, target.begin().await?);
    match existing {
        Existing::Replace => clear(&to).await?,
        Existing::Undo => {
            clear(&to).await?;
            forget_what_ended(&to).await?;
        }
        Existing::Keep if !is_empty(&to).await? => return Err(RestoreError::NotEmpty),
        Existing::Keep => {}
    }
    let (contents, digest) = copy_all(&from, &to, progress).await?;
    accounts::Entity::update_many().col_expr(accounts::Column::Behind, Expr::value(true)).exec(&to).await?;
    let attachments = attachments::read(&from).await?;
    if !attachments::is_whole(&from, &attachments, digest).await? {
        let reason = "its rows are not those that were backed up".to_owned();
        return Err(RestoreError::NotABackup { path: file.to_owned(), reason });
    }
    let deleted = delete_again(&to).await?;
    to.commit().await?;
    Ok(Restored { contents, deleted, attachments })
}

/// Opens a backup, if it is one and every page of it is well.
async fn open(file: &Path) -> Result<DatabaseConnection, RestoreError> {
    if !file.is_file() {
        return Err(RestoreError::NoBackup(file.to_owned()));
    }
    let not_a_backup = |reason: String| RestoreError::NotABackup { path: file.to_owned(), reason };
    let backup = sea_orm::Database::connect(read_only(&DatabaseUrl::file(file)));
    let backup = backup.await.map_err(|error| not_a_backup(error.to_string()))?;
    let said = ask(&backup, "PRAGMA integrity_check").await.map_err(|error| not_a_backup(error.to_string()))?;
    if said.as_deref() != Some("ok") {
        return Err(not_a_backup(said.unwrap_or_else(|| "it cannot be read".to_owned())));
    }
    match check(&backup).await {
        Ok(()) => {}
        Err(MigrationError::Database(error)) => return Err(not_a_backup(error.to_string())),
        Err(error) => return Err(RestoreError::OtherVersion(error)),
    }
    attachments::read(&backup).await.map_err(|_| not_a_backup("it is a server's own database".to_owned()))?;
    Ok(backup)
}

async fn ask(database: &DatabaseConnection, question: &str) -> Result<Option<String>, DbErr> {
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), question)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

async fn is_empty(database: &DatabaseTransaction) -> Result<bool, DbErr> {
    let accounts = accounts::Entity::find().count(database).await?;
    Ok(accounts == 0 && server_keys::Entity::find().count(database).await? == 0)
}

/// SQLite lets nobody in beside somebody else who must be alone.
fn in_use(error: DbErr) -> RestoreError {
    if is_locked(&error) { RestoreError::InUse } else { RestoreError::Database(error) }
}
