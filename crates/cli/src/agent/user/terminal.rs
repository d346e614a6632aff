use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use keyfold_client::{
    authenticator::{Action, Answer, Pin, Prompt, User, UserVerification, VerificationRequirement, verify_pin},
    device::Passphrase,
    vault::{UnlockedVault, VaultError},
};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use super::{Asks, Cancel};
use crate::{
    output::say,
    terminal::{ask_line, ask_secret, printable},
};

/// Whoever sits at the terminal in which the agent runs.
#[derive(Default)]
pub(crate) struct Terminal {
    vault: Arc<Mutex<Option<UnlockedVault>>>,
}

struct Request {
    vault: Option<UnlockedVault>,
    runtime: Handle,
    cancel: Cancel,
}

#[async_trait]
impl Asks for Terminal {
    fn for_request(&self, cancel: Cancel) -> Box<dyn UserVerification + Send> {
        let vault = self.vault.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::new(Request { vault, runtime: Handle::current(), cancel })
    }

    async fn passphrase(&self, cancel: Cancel) -> Option<Passphrase> {
        let asked = tokio::task::spawn_blocking(move || {
            say("keyfold: a program asks for a passkey, and this device is locked.");
            typed("Passphrase (nothing to refuse): ").filter(|_| !cancel.is_cancelled())
        });
        asked.await.ok().flatten().map(Passphrase::typed)
    }

    fn vault_is(&self, vault: Option<UnlockedVault>) {
        *self.vault.lock().unwrap_or_else(PoisonError::into_inner) = vault;
    }
}

impl UserVerification for Request {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Answer {
        let asked = std::time::Instant::now();
        let limit = prompt.answer_within.unwrap_or(PATIENCE);
        let answer = self.answer(prompt);
        match answer {
            // A terminal cannot be called back from its question.
            _ if self.cancel.is_cancelled() => Answer::Cancelled,
            _ if asked.elapsed() > limit => Answer::TimedOut,
            answer => answer,
        }
    }
}

impl Request {
    fn answer(&self, prompt: &Prompt<'_>) -> Answer {
        say(&format!("keyfold: {}", question(prompt)));
        let account = match prompt.accounts {
            accounts @ [_, _, ..] if prompt.action == Action::SignIn => {
                for (number, user) in accounts.iter().enumerate() {
                    say(&format!("  {}  {}", number + 1, name_of(user)));
                }
                let typed = ask_line("Which (nothing for none)? ", "").unwrap_or_default();
                let chosen = typed.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                match chosen.filter(|account| *account < accounts.len()) {
                    Some(account) => account,
                    None => return Answer::Denied,
                }
            }
            _ => 0,
        };
        if prompt.action == Action::ReportNoPasskey {
            return Answer::Denied;
        }
        match prompt.verification {
            VerificationRequirement::Required => self.verified(account),
            VerificationRequirement::Preferred | VerificationRequirement::Discouraged => {
                match ask_line("Agree? [y/N] ", "") {
                    Ok(line) if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") => {
                        Answer::Present { account }
                    }
                    _ => Answer::Denied,
                }
            }
        }
    }

    /// By the PIN, if one is set, or by the passphrase.
    fn verified(&self, account: usize) -> Answer {
        let Some(vault) = &self.vault else { return Answer::Denied };
        let owner = self.runtime.block_on(async {
            let has_pin = vault.with_device(|memory| memory.device().is_ok_and(|state| state.has_pin())).await;
            has_pin.map_err(|error| error.to_string())
        });
        let proof = match owner {
            Ok(true) => typed("PIN (nothing for the passphrase): ").map(Proof::Pin).or_else(passphrase),
            Ok(false) => passphrase(),
            Err(_) => None,
        };
        let Some(proof) = proof else { return Answer::Denied };
        match self.runtime.block_on(is_owner(vault, proof)) {
            Ok(true) => Answer::Verified { account },
            Ok(false) => {
                say("keyfold: wrong");
                Answer::Unverified
            }
            Err(error) => {
                say(&format!("keyfold: {}", printable(&error)));
                Answer::Unverified
            }
        }
    }
}

/// What somebody typed to prove that they own this device.
enum Proof {
    Pin(Zeroizing<String>),
    Passphrase(Passphrase),
}

fn passphrase() -> Option<Proof> {
    typed("Passphrase (nothing to refuse): ").map(Passphrase::typed).map(Proof::Passphrase)
}

fn typed(question: &str) -> Option<Zeroizing<String>> {
    ask_secret(question).ok().filter(|typed| !typed.is_empty())
}

/// Whether it is right. Each attempt is counted, durably.
async fn is_owner(vault: &UnlockedVault, proof: Proof) -> Result<bool, String> {
    match proof {
        Proof::Pin(typed) => {
            let Ok(pin) = Pin::new(typed) else { return Ok(false) };
            let tried = vault.with_device(move |memory| verify_pin(memory, &pin)).await;
            match tried.map_err(|error| error.to_string())? {
                Ok(()) => Ok(true),
                Err(error) => Err(error.to_string()),
            }
        }
        Proof::Passphrase(passphrase) => match vault.local().unlock(&passphrase).await {
            Ok(_) => Ok(true),
            Err(VaultError::Secrets(_)) => Ok(false),
            Err(error) => Err(error.to_string()),
        },
    }
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
        Action::Verify if site.is_empty() => "let a program change this device's passkeys and settings?".to_owned(),
        Action::Verify => format!("let a program act for you at {site}?"),
        Action::Reset => "forget this device's PIN and settings? Synced passkeys stay.".to_owned(),
    }
}

fn name_of(user: &User) -> String {
    let name = user.name.as_ref().or(user.display_name.as_ref());
    printable(name.map_or("an account without a name", |name| name.as_str()))
}

/// Where the request sets no limit.
const PATIENCE: Duration = Duration::from_secs(120);
