use std::time::Duration;

use async_trait::async_trait;
use clap::ValueEnum;
use keyfold_client::{
    authenticator::{Answer, Prompt, UserVerification},
    device::Passphrase,
    vault::UnlockedVault,
};

use super::{Asks, Cancel};

/// What happens in test mode instead of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Presence {
    /// Somebody agrees at once
    Auto,
    /// Somebody refuses at once
    Deny,
    /// Nobody is there until the request is taken back
    Wait,
}

/// Nobody: agrees to everything, or to nothing. It verifies nobody, ever.
pub(crate) struct TestUser(pub(crate) Presence);

struct Request {
    presence: Presence,
    cancel: Cancel,
}

#[async_trait]
impl Asks for TestUser {
    fn for_request(&self, _vault: Option<UnlockedVault>, cancel: Cancel) -> Box<dyn UserVerification + Send> {
        Box::new(Request { presence: self.0, cancel })
    }

    async fn passphrase(&self, _cancel: Cancel) -> Option<Passphrase> {
        None
    }
}

impl UserVerification for Request {
    fn ask(&mut self, _prompt: &Prompt<'_>) -> Answer {
        match self.presence {
            Presence::Auto => Answer::Present { account: 0 },
            Presence::Deny => Answer::Denied,
            Presence::Wait if self.cancel.waits(PATIENCE) => Answer::Cancelled,
            Presence::Wait => Answer::TimedOut,
        }
    }

    fn can_verify(&self) -> bool {
        false
    }

    fn can_choose(&self) -> bool {
        false
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
