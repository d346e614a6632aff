use crate::{Action, Answer, CtapError, Prompt, UserVerification, VerificationRequirement};

/// Who answers for it that the user was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// The prompt, for our own client: it asks for more than the request did where a passkey needs that.
    OwnClient,
    /// The prompt, for a CTAP platform, which decides by itself what to ask for.
    Platform,
    /// A pinUvAuthToken that a CTAP platform has proved to hold. The prompt finds presence only.
    Token,
}

/// What the user agreed to.
pub(crate) struct Consent {
    pub(crate) account: usize,
    pub(crate) verified: bool,
}

/// Asks, and refuses an answer that does not meet the requirement or names no account.
pub(crate) fn consent(user: &mut dyn UserVerification, prompt: &Prompt<'_>) -> Result<Consent, CtapError> {
    let consent = match user.ask(prompt) {
        Answer::Denied => return Err(CtapError::OperationDenied),
        Answer::Unverified => return Err(CtapError::UvInvalid),
        Answer::TimedOut => return Err(CtapError::UserActionTimeout),
        Answer::Cancelled => return Err(CtapError::KeepaliveCancel),
        Answer::Present { account } => Consent { account, verified: false },
        Answer::Verified { account } => Consent { account, verified: true },
    };
    if prompt.verification == VerificationRequirement::Required && !consent.verified {
        return Err(CtapError::OperationDenied);
    }
    Ok(consent)
}

/// Asks for what concerns no account.
pub(crate) fn permission(
    user: &mut dyn UserVerification,
    action: Action,
    verification: VerificationRequirement,
) -> Result<(), CtapError> {
    let prompt = Prompt { action, relying_party: None, accounts: &[], verification, answer_within: None };
    consent(user, &prompt).map(drop)
}

/// As sure of who is there as this user can be: what replaces the PIN must not be weaker than it.
pub(crate) fn strongest(user: &dyn UserVerification) -> VerificationRequirement {
    if user.can_verify() { VerificationRequirement::Required } else { VerificationRequirement::Discouraged }
}
