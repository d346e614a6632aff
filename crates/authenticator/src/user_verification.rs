use std::time::Duration;

use crate::{RelyingParty, User};

/// Asks the person in front of the device. Implemented by a terminal, an agent's window, a phone.
///
/// Also implemented by every closure of the same shape.
pub trait UserVerification {
    /// Shows the prompt, waits, and tells what really happened.
    ///
    /// [`Answer::Verified`] may be given only after a PIN, passphrase, biometric or operating
    /// system prompt has proved who is there *for this prompt*.
    fn ask(&mut self, prompt: &Prompt<'_>) -> Answer;

    /// Whether it can find out who is there: *built-in user verification*. Where it can't, platforms verify by PIN.
    fn can_verify(&self) -> bool {
        true
    }

    /// Whether it can show accounts and let the user choose. Where it can't, platforms do (*authenticatorGetNextAssertion*).
    fn can_choose(&self) -> bool {
        true
    }

    /// Whether whoever has just agreed to a new passkey wants it to stay on this device, and on no other.
    fn binds(&self) -> bool {
        false
    }
}

impl<F: FnMut(&Prompt<'_>) -> Answer> UserVerification for F {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Answer {
        self(prompt)
    }
}

/// What to show and what to find out.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    /// What is about to happen.
    pub action: Action,
    /// Who asks; none for what concerns no relying party. Show the id; the name is
    /// the relying party's own claim.
    pub relying_party: Option<&'a RelyingParty>,
    /// The accounts concerned: the new one when a passkey is made, else those to choose from, the
    /// most recent first. Empty for [`Action::ReportNoPasskey`].
    pub accounts: &'a [User],
    /// Whether presence is enough.
    pub verification: VerificationRequirement,
    /// How long an answer is of any use, if there is a limit.
    pub answer_within: Option<Duration>,
}

/// What the user is asked to agree to, or told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make a passkey for this account.
    Register,
    /// Make a passkey for this account and drop the one that is there now.
    Replace,
    /// Nothing will be made: a passkey that the relying party excludes is already here. Asked all
    /// the same, so that only a person who agrees lets the relying party know of it.
    ReportExcluded,
    /// Sign in, to one of these accounts.
    SignIn,
    /// Nothing can be signed: there is no passkey here for this request. The answer changes
    /// nothing, but the time that it takes hides that from the relying party.
    ReportNoPasskey,
    /// Nothing but that this authenticator is the one to use (*authenticatorSelection*).
    Select,
    /// Prove who is there, so that a platform may make or use passkeys at this relying party for a while
    /// (*getPinUvAuthTokenUsingUvWithPermissions*).
    Verify,
    /// The same, but so that a platform may list, change and delete passkeys, or change this device's settings.
    Administer,
    /// Give this device a PIN, which from then on proves who is there as well.
    SetPin,
    /// Forget this device's PIN and settings, and what is bound to this device (*authenticatorReset*).
    Reset,
}

/// How the user was found. `account` is the position in [`Prompt::accounts`] of the one chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The user refused.
    Denied,
    /// The user tried to prove who they are and failed.
    Unverified,
    /// Nobody answered in time.
    TimedOut,
    /// Whoever made the request has taken it back.
    Cancelled,
    /// Somebody agreed: a test of user presence.
    Present {
        /// The chosen account; 0 where there is no choice.
        account: usize,
    },
    /// The owner agreed and proved it: user presence and user verification.
    Verified {
        /// The chosen account; 0 where there is no choice.
        account: usize,
    },
}

/// Whether the user must prove who they are (WebAuthn §5.8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerificationRequirement {
    /// Without verification there is no result.
    Required,
    /// Verify if that is possible; presence will do.
    Preferred,
    /// Presence is enough; don't trouble the user with more.
    Discouraged,
}
