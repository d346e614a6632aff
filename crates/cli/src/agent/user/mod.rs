//! Who is asked.

mod keyboard;
mod owner;
mod system;
mod terminal;
mod test;

use async_trait::async_trait;
use keyfold_client::{authenticator::UserVerification, device::Passphrase, vault::UnlockedVault};

use super::cancel::Cancel;

pub(crate) use owner::{Owner, Proof};
pub(crate) use system::{NotVerified, SystemPrompt};
pub(crate) use terminal::Terminal;
pub(crate) use test::{Presence, TestUser};

/// Asks whoever sits at this machine.
#[async_trait]
pub(crate) trait Asks: Send + Sync {
    /// For one request, until it is taken back; of this vault, if it is one's.
    fn for_request(&self, vault: Option<UnlockedVault>, cancel: Cancel) -> Box<dyn UserVerification + Send>;

    /// The passphrase, to open a vault that is locked; `None` if nobody gives it.
    async fn passphrase(&self, cancel: Cancel) -> Option<Passphrase>;
}
