use keyfold_client::{
    enrolment::EnrolmentError,
    sync::{AppendError, RecoveryError, RemoveError, SyncError},
};

/// Why a device did not do what it set out to do.
#[derive(Debug)]
pub(crate) enum Undone {
    Sync(SyncError),
    Append(AppendError),
    Remove(RemoveError),
    Recovery(RecoveryError),
    Enrolment(EnrolmentError),
}

impl Undone {
    /// There is nothing to do, or it is done.
    pub(crate) const fn is_moot(&self) -> bool {
        matches!(
            self,
            Self::Recovery(RecoveryError::Exists | RecoveryError::Absent | RecoveryError::NotUnderWay)
                | Self::Remove(RemoveError::Append(AppendError::NoSuchDevice))
        )
    }

    /// The device has no key of the current epoch.
    pub(crate) const fn is_without_key(&self) -> bool {
        matches!(
            self,
            Self::Sync(SyncError::NoEpochKey)
                | Self::Append(AppendError::Sync(SyncError::NoEpochKey))
                | Self::Remove(RemoveError::Append(AppendError::Sync(SyncError::NoEpochKey)))
                | Self::Recovery(RecoveryError::Append(AppendError::Sync(SyncError::NoEpochKey)))
                | Self::Enrolment(EnrolmentError::Sync(SyncError::NoEpochKey))
        )
    }
}
