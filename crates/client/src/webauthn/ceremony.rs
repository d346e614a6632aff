use std::time::Duration;

use keyfold_authenticator::{Answer, Authenticator, Prompt, UserVerification};

use super::Page;
use crate::Clock;

/// All that one ceremony needs, used up by it.
pub struct Ceremony<'a, S, R> {
    /// Where the request comes from.
    pub page: &'a Page,
    /// Makes passkeys and signs with them.
    pub authenticator: &'a mut Authenticator<S, R>,
    /// Asks the user.
    pub user: &'a mut dyn UserVerification,
    /// The time now.
    pub clock: &'a dyn Clock,
}

/// Asks the user, and takes no answer after the deadline.
pub(super) struct Timed<'a> {
    user: &'a mut dyn UserVerification,
    clock: &'a dyn Clock,
    /// Unix milliseconds.
    deadline: u64,
}

impl<'a> Timed<'a> {
    /// Starts the timer.
    pub(super) fn start(user: &'a mut dyn UserVerification, clock: &'a dyn Clock, timeout: Duration) -> Self {
        let milliseconds = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        Timed { user, clock, deadline: clock.now().saturating_add(milliseconds) }
    }
}

impl UserVerification for Timed<'_> {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Answer {
        let left = Duration::from_millis(self.deadline.saturating_sub(self.clock.now()));
        let prompt = Prompt { answer_within: Some(left), ..*prompt };
        let answer = self.user.ask(&prompt);
        if self.clock.now() > self.deadline { Answer::TimedOut } else { answer }
    }

    fn can_verify(&self) -> bool {
        self.user.can_verify()
    }

    fn can_choose(&self) -> bool {
        self.user.can_choose()
    }

    fn binds(&self) -> bool {
        self.user.binds()
    }
}
