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
    Bus, Caller, Clock, Topic,
    receipts::ReceiptSigner,
    rosters::Rosters,
    storage::{EnrolmentRow, GuessWindow, Storage},
};

/// Leads enrolments from their beginning to AddDevice.
pub struct Enrolments {
    storage: Arc<dyn Storage>,
    rosters: Arc<Rosters>,
    receipts: Arc<ReceiptSigner>,
    clock: Arc<dyn Clock>,
    bus: Arc<dyn Bus>,
    guesses: GuessWindow,
}

impl Enrolments {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        rosters: Arc<Rosters>,
        receipts: Arc<ReceiptSigner>,
        clock: Arc<dyn Clock>,
        bus: Arc<dyn Bus>,
    ) -> Self {
        Self { storage, rosters, receipts, clock, bus, guesses: short_code::GUESSES }
    }

    /// The enrolment, if it may still go on.
    async fn live(&self, id: EnrolmentId) -> Result<EnrolmentRow, EnrolmentError> {
        let row = self.storage.enrolment(id).await?.ok_or(EnrolmentError::Unknown)?;
        if row.failed || row.expires_at <= self.clock.now() { Err(EnrolmentError::Ended) } else { Ok(row) }
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
