/// Why a profile's storage did not do what it was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The disk is full.
    #[error("the disk is full; free some space and try again: nothing was changed")]
    Full,
    /// Another process holds the profile.
    #[error("another keyfold process is busy with this profile; try again")]
    Busy,
    /// The file was written by a newer program.
    #[error("this profile was written by a newer keyfold (schema {found}, this one knows {known}); update keyfold")]
    Newer {
        /// The file's schema.
        found: i64,
        /// This program's.
        known: i64,
    },
    /// The file is not what this program wrote.
    #[error("the profile's database is damaged ({0}); restore it from a backup or enrol this device again")]
    Damaged(String),
    /// The file cannot be opened, read or written.
    #[error("the profile's database cannot be used: {0}")]
    Unusable(String),
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(database) => database.code().and_then(|code| code.parse::<i32>().ok()),
            sqlx::Error::PoolTimedOut => return Self::Busy,
            sqlx::Error::Io(io) => return io_error(io),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::RowNotFound => return Self::Damaged(error.to_string()),
            _ => None,
        };
        Self::by_code(code, error.to_string())
    }
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        Self::by_code(error.sqlite_error().map(|error| error.extended_code), error.to_string())
    }
}

impl StorageError {
    /// By an extended result code.
    fn by_code(code: Option<i32>, text: String) -> Self {
        // Memory that processes share lies in a file beside the database's, which a full disk lets nobody enlarge.
        if code == Some(SQLITE_IOERR_SHMSIZE) {
            return Self::Full;
        }
        // The low byte of an extended result code is the primary one.
        match code.map(|code| code & 0xff) {
            Some(SQLITE_BUSY | SQLITE_LOCKED) => Self::Busy,
            Some(SQLITE_FULL) => Self::Full,
            Some(SQLITE_CORRUPT | SQLITE_NOTADB | SQLITE_CONSTRAINT) => Self::Damaged(text),
            _ => Self::Unusable(text),
        }
    }
}

/// What an operating-system error means for the profile.
pub(crate) fn io_error(error: &std::io::Error) -> StorageError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StorageError::Full,
        std::io::ErrorKind::FileTooLarge => StorageError::Full,
        _ => StorageError::Unusable(error.to_string()),
    }
}

const SQLITE_IOERR_SHMSIZE: i32 = 10 | 19 << 8;
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_NOTADB: i32 = 26;
