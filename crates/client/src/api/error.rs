use keyfold_crypto::exact::{self, Malformed};
use keyfold_ledger::printable;
use keyfold_wire::v1::{Heads, Problem, ProblemCode, Signed};

use crate::transport::TransportError;

/// Why a call did not give what it should.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ApiError {
    /// No answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server said no.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The answer is not one that this route has.
    #[error("the server's answer makes no sense ({0}); is this a keyfold server of the same version?")]
    BadAnswer(&'static str),
    /// The server goes by another name than the one that was given.
    #[error("the server says that its URL is {public_url}; use exactly that URL")]
    OtherUrl {
        /// What it calls itself, safe to print.
        public_url: String,
    },
}

/// A `Problem`: the server's reason not to do what it was asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Refusal {
    /// Why.
    pub code: ProblemCode,
    /// For a person, safe to print.
    pub detail: String,
    /// Where the server stands.
    pub heads: Option<Heads>,
    /// The server's clock, Unix milliseconds.
    pub time: u64,
    /// Milliseconds to wait.
    pub retry_after: u64,
    /// What is to show a device that it was removed: a roster entry. It is not verified.
    pub removal: Option<Signed>,
}

impl Refusal {
    /// What happened and what to do, in one line.
    fn text(&self) -> String {
        let advice = match self.code {
            ProblemCode::ClockSkew => {
                "this device's clock and the server's differ; set the one that is wrong and try again"
            }
            ProblemCode::BadTime => "this device's clock is ahead of the server's; set it and try again",
            ProblemCode::NotAMember => "this device is not a member of the account any more",
            ProblemCode::SignUpClosed => "the server takes no new accounts",
            ProblemCode::InviteInvalid => "the server wants an invitation that is valid; ask its operator for one",
            ProblemCode::QuotaExceeded => "the account's room on the server is used up",
            ProblemCode::RateLimited => "the server asks to wait a little; try again later",
            ProblemCode::EnrolmentEnded => "the enrolment has expired, failed or was used; start again",
            ProblemCode::EnrolmentStep => "the enrolment is not at this step; start again",
            ProblemCode::TooManyGuesses => "too many wrong codes; wait ten minutes and start again",
            ProblemCode::AccountDeleted => "the account was deleted",
            ProblemCode::Unavailable => "the server cannot store anything just now; try again later",
            ProblemCode::HeadMoved => "another device was faster; try again",
            ProblemCode::Behind => "the server waits for what this account's devices have seen since its backup",
            ProblemCode::NotBehind => "the server has gone on without what this device holds",
            _ => "the server refused",
        };
        let detail: String = self.detail.chars().take(300).collect();
        if detail.is_empty() { advice.to_owned() } else { format!("{advice} ({detail})") }
    }
}

impl ApiError {
    /// What an answer with an error status says.
    pub(super) fn refused(body: &[u8]) -> Self {
        let problem: Problem = match exact::decode(body, MAX_PROBLEM) {
            Ok(problem) => problem,
            Err(Malformed::TooLong { .. } | Malformed::NotCanonical) => {
                return Self::BadAnswer("an error that is not a Problem");
            }
        };
        match ProblemCode::try_from(problem.code) {
            Ok(ProblemCode::Unspecified) | Err(_) => Self::BadAnswer("an unknown Problem"),
            Ok(code) => Self::Refused(Box::new(Refusal {
                code,
                detail: printable(&problem.detail),
                heads: problem.heads,
                time: problem.time,
                retry_after: problem.retry_after,
                removal: problem.removal,
            })),
        }
    }

    /// The server's reason, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            _ => None,
        }
    }

    /// Whether the message will never be accepted as it is. Without an answer, or with one that says to wait or to ask
    /// again, the same bytes may be.
    #[must_use]
    pub(crate) fn is_final(&self) -> bool {
        self.code().is_some_and(|code| {
            !matches!(
                code,
                ProblemCode::RateLimited
                    | ProblemCode::Unavailable
                    | ProblemCode::Internal
                    | ProblemCode::Unauthenticated
                    | ProblemCode::ClockSkew
                    | ProblemCode::Replayed
            )
        })
    }
}

/// It may carry a roster entry.
pub(super) const MAX_PROBLEM: usize = 48 * 1024;

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    #[test]
    fn a_server_cannot_draw_on_the_users_terminal() {
        let problem = Problem {
            code: ProblemCode::SignUpClosed.into(),
            detail: "no\u{1b}[2J\u{202e}\u{200b}\u{feff}\u{e0041} room".to_owned(),
            ..Problem::default()
        };
        let error = ApiError::refused(&problem.encode_to_vec());
        assert_eq!(
            error.to_string(),
            "the server takes no new accounts (no\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}\u{fffd} room)"
        );
        let ApiError::Refused(refusal) = error else { panic!("a refusal") };
        assert_eq!(refusal.detail, "no\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}\u{fffd} room");
    }
}
