use keyfold_crypto::exact::Malformed;
use keyfold_wire::v1;

use crate::{rosters::AccountUnavailable, storage::StorageError};

/// Why an enrolment does not take a step.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// Not the canonical form of the step's message.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A field of the message is missing, or of another length or suite.
    #[error("{0}")]
    Field(&'static str),
    /// No enrolment has this id or short code.
    #[error("there is no such enrolment: check the code, or begin again")]
    Unknown,
    /// It expired, failed, or was used.
    #[error("the enrolment has ended: begin again on the new device")]
    Ended,
    /// Another step comes first, or this one was taken with other bytes.
    #[error("the enrolment is not at this step")]
    Step,
    /// The step does not fit what came before it.
    #[error("{0}")]
    Contradiction(&'static str),
    /// The roster has moved since the approver read it.
    #[error("the account's devices have changed: sync, and begin again")]
    RosterMoved(Box<v1::Heads>),
    /// The caller is not an active device, or not the one that claimed the enrolment.
    #[error("this device may not approve here")]
    NotAMember,
    /// Three wrong codes in ten minutes.
    #[error("too many wrong codes: wait ten minutes")]
    TooManyGuesses,
    /// The caller's account is not there.
    #[error(transparent)]
    Account(#[from] AccountUnavailable),
    /// Nothing can be said of the outcome, but repeating is safe.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
