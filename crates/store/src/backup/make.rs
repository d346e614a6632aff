use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use keyfold_migrations::{MigrationError, check};
use sea_orm::{DbErr, TransactionTrait};

use super::{Attachment, Contents, Progress, attachments, copy::copy_all};
use crate::{Database, DatabaseUrl, connect::alone};

/// Why there is no backup. No file has its name.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file has this name.
    #[error("{0} is there already: choose another name, or remove it")]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The original's schema is not this program's.
    #[error(transparent)]
    Schema(#[from] MigrationError),
    /// The original cannot be read, or the copy not be written.
    #[error("the backup failed: {0}")]
    Database(#[from] DbErr),
}

impl Database {
    /// Writes a backup of everything as of this moment, while the server runs. Only the user that makes it may read it: it
    /// holds the server's keys.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn back_up(
        &self,
        file: &Path,
        attachments: &[Attachment],
        progress: Progress<'_>,
    ) -> Result<Contents, BackupError> {
        check(&self.reader).await?;
        let failed = |error| BackupError::File { path: file.to_owned(), error };
        if file.exists() {
            return Err(BackupError::Exists(file.to_owned()));
        }
        let draft = draft(file).map_err(failed)?;
        let copied = self.copy_to(&draft, attachments, progress).await;
        let named = copied.and_then(|contents| name(&draft, file).map(|()| contents).map_err(failed));
        if named.is_err() {
            // What is left of it is of no use; the reason is told.
            let _ = fs::remove_file(&draft);
        }
        named
    }

    async fn copy_to(
        &self,
        draft: &Path,
        attached: &[Attachment],
        progress: Progress<'_>,
    ) -> Result<Contents, BackupError> {
        let backup = sea_orm::Database::connect(alone(&DatabaseUrl::file(draft))).await?;
        keyfold_migrations::migrate(&backup).await?;
        let from = self.snapshot().await.map_err(|error| DbErr::Custom(error.to_string()))?;
        let to = backup.begin().await?;
        let (contents, digest) = copy_all(&from, &to, progress).await?;
        attachments::write(&to, attached, digest).await?;
        to.commit().await?;
        from.commit().await?;
        backup.close().await?;
        Ok(contents)
    }
}

/// An empty file beside the backup-to-be, in place of one that an attempt before this one left.
fn draft(file: &Path) -> io::Result<PathBuf> {
    let mut name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_os_string();
    name.push(".partial");
    let draft = file.with_file_name(name);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    Ok(draft)
}

/// Gives the whole backup its name, durably, and takes it from nobody.
fn name(draft: &Path, file: &Path) -> io::Result<()> {
    File::open(draft)?.sync_all()?;
    fs::hard_link(draft, file)?;
    fs::remove_file(draft)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
