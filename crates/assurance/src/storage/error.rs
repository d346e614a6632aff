use std::error::Error;

/// Why storage gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database cannot be reached, is full or refused. What was asked for has not happened, or its outcome is not known; every
    /// write can be repeated safely.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The database holds what no version of this program writes.
    #[error("the database is damaged: {0}")]
    Damaged(&'static str),
}
