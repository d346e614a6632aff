use futures_util::future::{Either, select};
use keyfold_crypto::exact;
use keyfold_wire::{EnrolmentId, v1::EnrolmentState};
use prost::Message;
use std::{future::Future, pin::pin};

use super::{EnrolmentError, Enrolments};
use crate::{
    Topic,
    storage::{EnrolmentRow, EnrolmentStep, StorageError},
};

impl Enrolments {
    /// How far the enrolment has come. Its id is known only to the two devices.
    ///
    /// # Errors
    /// [`EnrolmentError::Ended`] once it failed, or expired before it was completed.
    pub async fn state(&self, id: EnrolmentId) -> Result<EnrolmentState, EnrolmentError> {
        message(&self.standing(id).await?)
    }

    /// The state once it is past `known` (by default: past where it stands now), or as it is when `deadline` comes.
    ///
    /// # Errors
    /// As [`Enrolments::state`].
    pub async fn wait(
        &self,
        id: EnrolmentId,
        known: Option<EnrolmentStep>,
        deadline: impl Future<Output = ()>,
    ) -> Result<EnrolmentState, EnrolmentError> {
        let mut deadline = pin!(deadline);
        // Subscribed before the first look: a step taken in between is heard.
        let mut subscription = self.bus.subscribe(Topic::Enrolment(id));
        let mut known = known;
        loop {
            let row = self.standing(id).await?;
            let step = told(row.step);
            if step > *known.get_or_insert(step) || step == EnrolmentStep::Completed {
                return message(&row);
            }
            if let Either::Right(((), _)) = select(subscription.moved(), deadline.as_mut()).await {
                return self.state(id).await;
            }
        }
    }

    async fn standing(&self, id: EnrolmentId) -> Result<EnrolmentRow, EnrolmentError> {
        let row = self.row(id).await?;
        self.check_live(&row)?;
        Ok(row)
    }
}

/// The step as the two devices see it: that AddDevice stands they hear by its completion.
const fn told(step: EnrolmentStep) -> EnrolmentStep {
    match step {
        EnrolmentStep::Added => EnrolmentStep::Opened,
        other => other,
    }
}

/// The row as its message.
pub(super) fn message(row: &EnrolmentRow) -> Result<EnrolmentState, EnrolmentError> {
    Ok(EnrolmentState {
        enrolment: row.enrolment.to_vec(),
        expires_at: row.expires_at,
        commitment: row.commitment.to_vec(),
        approval: row.approval.clone().unwrap_or_default(),
        opening: row.opening.as_deref().map(stored).transpose()?,
        completion: row.completion.as_deref().map(stored).transpose()?,
    })
}

/// A message that was checked before it was stored.
pub(super) fn stored<M: Message + Default>(bytes: &[u8]) -> Result<M, StorageError> {
    exact::decode(bytes, bytes.len()).map_err(|_| StorageError::Damaged("a step of an enrolment cannot be read"))
}
