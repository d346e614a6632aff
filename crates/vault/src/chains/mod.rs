//! The two chains grow: roster entries and commits, each held against the account as it stands; and what a restored backup
//! lost of them comes back from the devices.

mod append;
mod error;
mod offers;
mod push;
mod turns;

pub use append::AppendError;
pub use error::{Behind, NotBehind, Stale};
pub use offers::{NotAnOffer, Offer, OfferError};
pub use push::PushError;
pub use turns::NotItsTurn;

use std::sync::Arc;

use self::turns::Latecomers;

use crate::{Clock, HeadBoard, Limits, ReceiptSigner, enrolments::EnrolmentGate, rosters::Rosters, storage::Storage};

/// Appends roster entries and commits, and takes lost ones back.
pub struct Chains {
    storage: Arc<dyn Storage>,
    rosters: Arc<Rosters>,
    heads: Arc<HeadBoard>,
    receipts: Arc<ReceiptSigner>,
    clock: Arc<dyn Clock>,
    gate: EnrolmentGate,
    limits: Limits,
    latecomers: Latecomers,
}

impl Chains {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        rosters: Arc<Rosters>,
        heads: Arc<HeadBoard>,
        receipts: Arc<ReceiptSigner>,
        clock: Arc<dyn Clock>,
        gate: EnrolmentGate,
        limits: Limits,
    ) -> Self {
        Self { storage, rosters, heads, receipts, clock, gate, limits, latecomers: Latecomers::new() }
    }
}
