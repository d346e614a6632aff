use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use keyfold_client::{
    authenticator::{Action, Answer, Prompt, User, UserVerification, VerificationRequirement},
    device::Passphrase,
    vault::UnlockedVault,
};
use tokio::runtime::Handle;

use super::{
    Asks, Cancel, NotVerified, Owner, Proof, SystemPrompt,
    keyboard::{Keyboard, PATIENCE},
};
use crate::{output::say, terminal::printable};

/// Whoever sits at the terminal in which the agent runs, whom the system may verify.
pub(crate) struct Terminal(pub(crate) Option<Arc<SystemPrompt>>);

struct Request {
    /// `None` where there is nobody to verify.
    owner: Option<Owner>,
    runtime: Handle,
    cancel: Cancel,
}

#[async_trait]
impl Asks for Terminal {
    fn for_request(&self, vault: Option<UnlockedVault>, cancel: Cancel) -> Box<dyn UserVerification + Send> {
        let owner = vault.map(|vault| Owner::of(vault, self.0.clone()));
        Box::new(Request { owner, runtime: Handle::current(), cancel })
    }

    async fn passphrase(&self, cancel: Cancel) -> Option<Passphrase> {
        let asked = tokio::task::spawn_blocking(move || {
            say("keyfold: a program asks for a passkey, and this device is locked.");
            let keyboard = Keyboard { cancel: &cancel, until: Instant::now() + PATIENCE };
            keyboard.secret("Passphrase (nothing to refuse): ").filter(|_| !cancel.is_cancelled())
        });
        asked.await.ok().flatten().map(Passphrase::typed)
    }
}

impl UserVerification for Request {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Answer {
        let until = Instant::now() + prompt.answer_within.unwrap_or(PATIENCE);
        match self.answer(prompt, until) {
            // Whatever else happened, it counts.
            Answer::Unverified => Answer::Unverified,
            _ if self.cancel.is_cancelled() => Answer::Cancelled,
            _ if Instant::now() >= until => Answer::TimedOut,
            answer => answer,
        }
    }
}

impl Request {
    fn answer(&self, prompt: &Prompt<'_>, until: Instant) -> Answer {
        say(&format!("keyfold: {}", question(prompt)));
        let keyboard = Keyboard { cancel: &self.cancel, until };
        let account = match prompt.accounts {
            accounts @ [_, _, ..] if prompt.action == Action::SignIn => {
                for (number, user) in accounts.iter().enumerate() {
                    say(&format!("  {}  {}", number + 1, name_of(user)));
                }
                let typed = keyboard.line("Which (nothing for none)? ").unwrap_or_default();
                let chosen = typed.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                match chosen.filter(|account| *account < accounts.len()) {
                    Some(account) => account,
                    None => return Answer::Denied,
                }
            }
            _ => 0,
        };
        if prompt.action == Action::ReportNoPasskey {
            // The time that it takes hides from the relying party that there is none.
            drop(keyboard.line("Press Enter to go on. "));
            return Answer::Denied;
        }
        match prompt.verification {
            VerificationRequirement::Required => self.verified(prompt.action, account, &keyboard),
            VerificationRequirement::Preferred | VerificationRequirement::Discouraged => {
                if agrees(&keyboard) {
                    Answer::Present { account }
                } else {
                    Answer::Denied
                }
            }
        }
    }

    /// By the system, if it asks; else by the PIN, if one is set, or by the passphrase.
    fn verified(&self, action: Action, account: usize, keyboard: &Keyboard<'_>) -> Answer {
        let Some(owner) = &self.owner else { return Answer::Denied };
        // What replaces the PIN, or reaches beyond one passkey, takes a secret.
        let is_of_a_passkey = matches!(action, Action::Register | Action::Replace | Action::SignIn | Action::Verify);
        if is_of_a_passkey && let Some(system) = self.runtime.block_on(owner.system()) {
            if !agrees(keyboard) {
                return Answer::Denied;
            }
            say(&format!("keyfold: {}", system.hint()));
            match self.runtime.block_on(self.verified_by(owner, system, keyboard.until)) {
                Ok(()) => return Answer::Verified { account },
                Err(NotVerified::Cancelled) => return Answer::Cancelled,
                // The authenticator counts it.
                Err(NotVerified::Failed(why)) => {
                    drop(self.runtime.block_on(owner.uncount()));
                    say(&format!("keyfold: {why}"));
                    return Answer::Unverified;
                }
                Err(NotVerified::Unavailable(why)) => say(&format!("keyfold: {}", printable(&why))),
            }
        }
        let pin = if self.runtime.block_on(owner.has_pin()) {
            keyboard.secret("PIN (nothing for the passphrase): ").map(Proof::Pin)
        } else {
            None
        };
        let passphrase = || keyboard.secret("Passphrase (nothing to refuse): ").map(Proof::passphrase);
        let Some(proof) = pin.or_else(passphrase) else { return Answer::Denied };
        match self.runtime.block_on(owner.is(proof)) {
            Ok(()) => Answer::Verified { account },
            Err(why) => {
                say(&format!("keyfold: {}", printable(&why)));
                Answer::Unverified
            }
        }
    }

    /// The system asks until the request is taken back or its time is over, and then has the time to end what it began.
    async fn verified_by(&self, owner: &Owner, system: &SystemPrompt, until: Instant) -> Result<(), NotVerified> {
        let over = Cancel::default();
        let verifies = owner.known_to_the_system(system, &over);
        tokio::pin!(verifies);
        tokio::select! {
            verified = &mut verifies => return verified,
            () = self.cancel.cancelled() => {}
            () = tokio::time::sleep_until(until.into()) => {}
        }
        over.cancel();
        verifies.await
    }
}

fn agrees(keyboard: &Keyboard<'_>) -> bool {
    let typed = keyboard.line("Agree? [y/N] ").unwrap_or_default();
    matches!(typed.trim().to_lowercase().as_str(), "y" | "yes")
}

fn question(prompt: &Prompt<'_>) -> String {
    let site = prompt.relying_party.map(|party| printable(party.id.as_str())).unwrap_or_default();
    let account = prompt.accounts.first().map(name_of).unwrap_or_default();
    match prompt.action {
        Action::Register => format!("make a passkey at {site} for {account}?"),
        Action::Replace => format!("make a passkey at {site} for {account}, in place of the one that is there?"),
        Action::ReportExcluded => format!("tell {site} that there is a passkey for {account} already?"),
        Action::SignIn if prompt.accounts.len() > 1 => format!("sign in at {site} as"),
        Action::SignIn => format!("sign in at {site} as {account}?"),
        Action::ReportNoPasskey => format!("there is no passkey for {site} that fits"),
        Action::Select => "use this authenticator?".to_owned(),
        Action::Verify => format!("let a program make and use passkeys at {site} for a while?"),
        Action::Administer => {
            "let a program list, change and delete your passkeys, or change this device's settings?".to_owned()
        }
        Action::SetPin => {
            "let a program give this device a PIN, which then opens passkeys as your passphrase does?".to_owned()
        }
        Action::Reset => "forget this device's PIN and settings? Synced passkeys stay.".to_owned(),
    }
}

fn name_of(user: &User) -> String {
    let name = user.name.as_ref().or(user.display_name.as_ref());
    printable(name.map_or("an account without a name", |name| name.as_str()))
}
