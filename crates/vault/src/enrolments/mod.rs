//! Enrolling a device: the new device commits to its part, an active device claims the enrolment and gives its own part,
//! the new device opens its commitment, the approver appends AddDevice.
//!
//! The server keeps the steps in order and each to its one use; what the devices prove to each other it cannot see.

mod approval;
mod begin;
mod completion;
mod error;
mod find;
mod gate;
mod opening;
mod short_code;
mod state;

pub use error::EnrolmentError;
pub use gate::AddDeviceRefused;
pub(crate) use gate::EnrolmentGate;

use std::sync::Arc;

use keyfold_wire::EnrolmentId;

use crate::{
    Bus, Caller, Clock, HeadBoard, Topic,
    clock::MINUTE,
    receipts::ReceiptSigner,
    rosters::Rosters,
    storage::{EnrolmentRow, EnrolmentStep, GuessWindow, Storage},
};

/// Leads enrolments from their beginning to AddDevice.
pub struct Enrolments {
    storage: Arc<dyn Storage>,
    rosters: Arc<Rosters>,
    heads: Arc<HeadBoard>,
    receipts: Arc<ReceiptSigner>,
    clock: Arc<dyn Clock>,
    bus: Arc<dyn Bus>,
    guesses: GuessWindow,
}

impl Enrolments {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        rosters: Arc<Rosters>,
        heads: Arc<HeadBoard>,
        receipts: Arc<ReceiptSigner>,
        clock: Arc<dyn Clock>,
        bus: Arc<dyn Bus>,
    ) -> Self {
        Self { storage, rosters, heads, receipts, clock, bus, guesses: short_code::GUESSES }
    }

    async fn row(&self, id: EnrolmentId) -> Result<EnrolmentRow, EnrolmentError> {
        self.storage.enrolment(id).await?.ok_or(EnrolmentError::Unknown)
    }

    /// Whether the enrolment may still go on.
    fn check_live(&self, row: &EnrolmentRow) -> Result<(), EnrolmentError> {
        if row.has_ended(self.clock.now()) { Err(EnrolmentError::Ended) } else { Ok(()) }
    }

    /// Somebody else was faster: with the same bytes, that is this very request.
    async fn taken_meanwhile(
        &self,
        id: EnrolmentId,
        same: impl Fn(&EnrolmentRow) -> bool + Send,
    ) -> Result<(), EnrolmentError> {
        if same(&self.row(id).await?) { Ok(()) } else { Err(EnrolmentError::Step) }
    }

    /// Holds the caller against the roster as it stands.
    async fn active(&self, caller: &Caller) -> Result<(), EnrolmentError> {
        let (_, roster) = self.rosters.current(caller.account).await?;
        roster.device(&caller.device).map(|_| ()).ok_or(EnrolmentError::NotAMember)
    }

    /// Wakes whoever polls the enrolment.
    fn tell(&self, id: EnrolmentId) {
        self.bus.publish(Topic::Enrolment(id));
    }
}

impl EnrolmentRow {
    /// Whether no further step can come. One that was used goes on a while: what is left is to tell the new device.
    fn has_ended(&self, now: u64) -> bool {
        let over = match self.step {
            EnrolmentStep::Begun | EnrolmentStep::Approved | EnrolmentStep::Opened => self.expires_at <= now,
            EnrolmentStep::Added => self.expires_at.saturating_add(GRACE) <= now,
            EnrolmentStep::Completed => false,
        };
        self.failed || over
    }
}

/// For the approver's last word after the enrolment's end. Shorter than ended enrolments are kept.
const GRACE: u64 = 10 * MINUTE;
