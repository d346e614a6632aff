use std::error::Error;

use keyfold_vault::storage::StorageError;
use sea_orm::DbErr;

/// Why there is no connection to the database.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The file cannot be opened or made, or the server does not answer or refuses.
    #[error("cannot open the database: {0}")]
    Unavailable(#[from] DbErr),
    /// Somebody else has it alone, as a restore does.
    #[error("somebody else has the database alone, as `keyfoldd restore` does: start again when that is done")]
    TakenAlone,
}

/// A database from which nothing comes back.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("PostgreSQL did not answer in time")]
pub(crate) struct NoAnswer;

impl NoAnswer {
    pub(crate) fn is(error: &StorageError) -> bool {
        matches!(error, StorageError::Unavailable(cause) if cause.is::<Self>())
    }
}

/// Every failure of the database is the same to a service: nothing can be said of the outcome but that repeating is safe.
pub(crate) fn unavailable(error: impl Error + Send + Sync + 'static) -> StorageError {
    StorageError::Unavailable(Box::new(error))
}
