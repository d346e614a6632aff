use std::sync::Arc;

use keyfold_ledger::{AddDevice, Transcript};
use keyfold_wire::v1::{EnrolmentOffer, EnrolmentOpening};

use super::{opening::transcript, state::stored};
use crate::{
    Caller, Clock,
    storage::{Claim, EnrolmentStep, Storage, StorageError, UsedEnrolment},
};

/// Why an AddDevice entry is not let into the roster, although the chain would take it.
#[derive(Debug, thiserror::Error)]
pub enum AddDeviceRefused {
    /// The enrolment is unknown, expired, failed or used.
    #[error("the enrolment has ended: begin again on the new device")]
    Ended,
    /// The new device has not opened its commitment yet.
    #[error("the new device has not shown its keys yet")]
    Step,
    /// Another account or approver claimed it, or the transcript is not the one that the two devices made.
    #[error("the entry is not what this enrolment led to")]
    OtherTranscript,
    /// The enrolment could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Lets AddDevice into the roster only as the outcome of a live enrolment.
pub(crate) struct EnrolmentGate {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
}

impl EnrolmentGate {
    pub(crate) fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock }
    }

    /// The enrolment that the entry will use. That it still stands as it does here is for the append to make sure of.
    pub(crate) async fn admit(
        &self,
        caller: &Caller,
        add: &AddDevice,
    ) -> Result<Option<UsedEnrolment>, AddDeviceRefused> {
        // A recovered device has no enrolment: the roster alone says whether it may join.
        let Transcript::Enrolment { enrolment, .. } = &add.transcript else { return Ok(None) };
        let now = self.clock.now();
        let row = self.storage.enrolment(*enrolment).await?.ok_or(AddDeviceRefused::Ended)?;
        if row.failed || row.expires_at <= now || row.step > EnrolmentStep::Opened {
            return Err(AddDeviceRefused::Ended);
        }
        if row.claim != Some(Claim { account: caller.account, approver: caller.device }) {
            return Err(AddDeviceRefused::OtherTranscript);
        }
        if row.step != EnrolmentStep::Opened {
            return Err(AddDeviceRefused::Step);
        }
        let opening: EnrolmentOpening = stored(row.opening.as_deref().unwrap_or_default())?;
        let offer: EnrolmentOffer = stored(&opening.offer)?;
        if transcript(&row, offer)? != add.transcript_bytes || opening.signature != add.signature {
            return Err(AddDeviceRefused::OtherTranscript);
        }
        Ok(Some(UsedEnrolment { enrolment: *enrolment, now }))
    }
}
