use super::{ChainFailure, SyncError};
use crate::{api::ApiError, storage::StorageError};

/// Why a stream was not taken to its end.
pub(super) enum Interruption {
    /// The server's fault: sync stops.
    Failure(ChainFailure),
    /// Anything else.
    Error(SyncError),
}

impl From<ChainFailure> for Interruption {
    fn from(failure: ChainFailure) -> Self {
        Self::Failure(failure)
    }
}

impl From<SyncError> for Interruption {
    fn from(error: SyncError) -> Self {
        Self::Error(error)
    }
}

impl From<ApiError> for Interruption {
    fn from(error: ApiError) -> Self {
        Self::Error(error.into())
    }
}

impl From<StorageError> for Interruption {
    fn from(error: StorageError) -> Self {
        Self::Error(error.into())
    }
}
