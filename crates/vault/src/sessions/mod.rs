//! Sessions: a device's signature opens one, and a MAC under its secret signs each request.

mod keys;
mod nonces;
mod open;
mod requests;

pub use keys::SessionKeys;
pub use open::OpenSessionError;
pub use requests::{Recognised, RequestRefused, Session, SignedRequest};

use std::sync::Arc;

use crate::{Clock, rosters::Rosters, storage::Storage};
use nonces::NonceWindow;

/// Opens sessions and verifies the requests that are signed under them.
pub struct Sessions {
    storage: Arc<dyn Storage>,
    rosters: Arc<Rosters>,
    clock: Arc<dyn Clock>,
    keys: Arc<SessionKeys>,
    nonces: NonceWindow,
    public_url: String,
}

impl Sessions {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        rosters: Arc<Rosters>,
        clock: Arc<dyn Clock>,
        keys: Arc<SessionKeys>,
        public_url: String,
    ) -> Self {
        Self { storage, rosters, clock, keys, nonces: NonceWindow::default(), public_url }
    }
}
