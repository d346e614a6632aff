use std::sync::Arc;

use keyfold_ledger::{AddDevice, Transcript};
use keyfold_wire::v1::{EnrolmentOffer, EnrolmentOpening};

use super::{opening::transcript, state::stored};
use crate::{
    Caller, Clock,
    storage::{Claim, EnrolmentStep, Storage, StorageError},
};

/// Why an AddDevice entry is not let into the roster, although the chain would take it.
#[derive(Debug, thiserror::Error)]
pub enum AddDeviceRefused {
    /// The enrolment is unknown, expired or failed.
    #[error("the enrolment has ended: begin again on the new device")]
    Ended,
    /// The new device has not opened its commitment yet.
    #[error("the new device has not shown its keys yet")]
    Step,
    /// Another account or approver claimed it, or the transcript is not the one that the two devices made.
    #[error("the entry is not what this enrolment led to")]
    OtherTranscript,
    /// Nothing was written.
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

    /// An enrolment needs no mark that it was used: its device's id is fixed by the commitment, and no id enters the
    /// roster twice.
    pub(crate) async fn admit(&self, caller: &Caller, add: &AddDevice) -> Result<(), AddDeviceRefused> {
        // A recovered device has no enrolment: the roster alone says whether it may join.
        let Transcript::Enrolment { enrolment, .. } = &add.transcript else { return Ok(()) };
        let row = self.storage.enrolment(*enrolment).await?.ok_or(AddDeviceRefused::Ended)?;
        if row.failed || row.expires_at <= self.clock.now() {
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
        Ok(())
    }
}
