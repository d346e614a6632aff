use std::time::Duration;

use keyfold_wire::{EnrolmentId, v1::EnrolmentState};

use super::{EnrolmentError, error::step_error};
use crate::{
    api::{Api, ApiError, MemberApi},
    transport::TransportError,
};

/// Either side's way to ask how far an enrolment has come.
pub(super) trait Asks {
    async fn ask(&self, id: EnrolmentId, known: Step, wait: Duration) -> Result<EnrolmentState, ApiError>;
    fn now(&self) -> u64;
}

impl Asks for Api {
    async fn ask(&self, id: EnrolmentId, known: Step, wait: Duration) -> Result<EnrolmentState, ApiError> {
        self.enrolment(id, known.name(), wait).await
    }

    fn now(&self) -> u64 {
        Self::now(self)
    }
}

impl Asks for MemberApi {
    async fn ask(&self, id: EnrolmentId, known: Step, wait: Duration) -> Result<EnrolmentState, ApiError> {
        self.enrolment(id, known.name(), wait).await
    }

    fn now(&self) -> u64 {
        self.anonymous().now()
    }
}

/// The step that the asker knows of; the server answers as soon as there is a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Begun,
    Approved,
    Opened,
}

impl Step {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Approved => "approved",
            Self::Opened => "opened",
        }
    }
}

/// Waits until the other side has taken its step, through lost connections, until the enrolment expires.
pub(super) async fn until<T>(
    api: &impl Asks,
    id: EnrolmentId,
    known: Step,
    expires_at: u64,
    taken: impl Fn(&EnrolmentState) -> Option<T>,
) -> Result<T, EnrolmentError> {
    loop {
        // Once more when the time is over: what happened before may still be told.
        let is_late = api.now() >= expires_at;
        match api.ask(id, known, if is_late { Duration::ZERO } else { WAIT }).await {
            Ok(state) if state.enrolment != id.as_bytes() => {
                return Err(EnrolmentError::Mismatch("the answer is another enrolment's"));
            }
            Ok(state) => {
                if let Some(step) = taken(&state) {
                    return Ok(step);
                }
                if is_late {
                    return Err(EnrolmentError::Expired);
                }
                // The server may answer at once: ask again, but not in a storm.
                tokio::time::sleep(PAUSE).await;
            }
            Err(ApiError::Transport(TransportError::Timeout | TransportError::Broken(_))) if !is_late => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(step_error(error)),
        }
    }
}

const WAIT: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(200);
