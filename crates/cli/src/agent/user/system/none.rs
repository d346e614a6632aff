use std::convert::Infallible;

use super::NotVerified;
use crate::agent::cancel::Cancel;

/// There is none on this system.
pub(crate) struct SystemPrompt(Infallible);

impl SystemPrompt {
    #[expect(clippy::unused_async, reason = "elsewhere it asks a bus")]
    pub(crate) async fn find() -> Result<Self, String> {
        Err("Keyfold knows no prompt of this system".to_owned())
    }

    pub(crate) fn hint(&self) -> &'static str {
        match self.0 {}
    }

    pub(crate) async fn verify(&self, _: &Cancel) -> Result<(), NotVerified> {
        match self.0 {}
    }
}
