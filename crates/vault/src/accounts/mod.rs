//! Accounts come and go.

mod create;
mod delete;

pub use create::CreateAccountError;
pub use delete::DeleteAccountError;

use std::sync::Arc;

use crate::{Clock, HeadBoard, ReceiptSigner, SignUp, rosters::Rosters, storage::Storage};

/// Creates and deletes accounts.
pub struct Accounts {
    storage: Arc<dyn Storage>,
    rosters: Arc<Rosters>,
    heads: Arc<HeadBoard>,
    receipts: Arc<ReceiptSigner>,
    clock: Arc<dyn Clock>,
    sign_up: SignUp,
}

impl Accounts {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        rosters: Arc<Rosters>,
        heads: Arc<HeadBoard>,
        receipts: Arc<ReceiptSigner>,
        clock: Arc<dyn Clock>,
        sign_up: SignUp,
    ) -> Self {
        Self { storage, rosters, heads, receipts, clock, sign_up }
    }
}
