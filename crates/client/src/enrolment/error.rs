use keyfold_ledger::{AccountError, EntryError, RosterError};
use keyfold_wire::v1::ProblemCode;

use crate::{
    api::ApiError,
    storage::StorageError,
    sync::{AppendError, ChainFailure, CreateError, SyncError},
    vault::VaultError,
};

/// Why a device was not enrolled. Unless a variant says otherwise the enrolment is burnt: start again on the new device.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// The clocks differ, or the profile has an account already.
    #[error(transparent)]
    Begin(#[from] CreateError),
    /// The server was not reached, or refused.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The approver's own sync failed.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The local vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Another server than the one where the enrolment in this profile began. It goes on there.
    #[error("this profile's enrolment was begun on {0}; run the command again with that server")]
    BegunElsewhere(String),
    /// The answer to the AddDevice entry was lost, and so was the one to the question whether it stands.
    #[error(
        "whether the device was added is not known: it may have been. `keyfold device list` shows it after a `keyfold sync` ({0})"
    )]
    MaybeAdded(SyncError),
    /// Nobody went on in time, or the other side ended it.
    #[error("the enrolment has ended: its time is over, or the other device gave up; start again on the new device")]
    Expired,
    /// Three failures in ten minutes.
    #[error("three enrolments failed within ten minutes; wait ten minutes, and make sure that the new device is yours")]
    TooManyFailures,
    /// No enrolment has this short code.
    #[error("no enrolment has this code; read it again on the new device")]
    NoSuchEnrolment,
    /// The check code that was typed is not the one that the other device should show.
    #[error(
        "the check codes differ: the two devices did not see the same enrolment. If you typed the code as it was shown, somebody stands between them. Start again on the new device"
    )]
    WrongCode,
    /// A QR code's MAC is not the one expected.
    #[error(
        "the other device did not see the same enrolment: somebody stands between them. Start again on the new device"
    )]
    WrongMac,
    /// The QR code is for another server, or for one behind another CA.
    #[error("the QR code is for another server than this profile's")]
    OtherServer,
    /// What the other side sent is not what it committed to, or not of this enrolment.
    #[error("the other side's message does not fit this enrolment ({0}); start again on the new device")]
    Mismatch(&'static str),
    /// The account's history does not verify.
    #[error("the account's history does not verify: {0}")]
    Chain(#[from] ChainFailure),
    /// Another device changed the roster first. Nobody failed; start again.
    #[error("another device changed the list of devices meanwhile; start again on the new device")]
    RosterMoved,
}

impl EnrolmentError {
    /// Whether the approver counts it: somebody may be guessing.
    pub(super) const fn counts(&self) -> bool {
        matches!(self, Self::WrongCode | Self::WrongMac | Self::Mismatch(_))
    }
}

impl From<StorageError> for EnrolmentError {
    fn from(error: StorageError) -> Self {
        Self::Vault(error.into())
    }
}

impl From<EntryError> for EnrolmentError {
    fn from(error: EntryError) -> Self {
        Self::Chain(error.into())
    }
}

impl From<RosterError> for EnrolmentError {
    fn from(error: RosterError) -> Self {
        Self::Chain(AccountError::Roster(error).into())
    }
}

impl From<AppendError> for EnrolmentError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::RosterMoved => Self::RosterMoved,
            AppendError::Sync(error) => Self::Sync(error),
            AppendError::Entry(error) => error.into(),
            AppendError::NoSuchDevice => Self::Mismatch("no such device"),
        }
    }
}

/// A refusal at a step whose time may have run out.
pub(super) fn step_error(error: ApiError) -> EnrolmentError {
    match error.code() {
        Some(ProblemCode::EnrolmentEnded | ProblemCode::NotFound) => EnrolmentError::Expired,
        Some(ProblemCode::HeadMoved) => EnrolmentError::RosterMoved,
        _ => error.into(),
    }
}
