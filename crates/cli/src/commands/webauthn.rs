use std::{io::Read, path::Path};

use keyfold_client::{
    authenticator::{Action, Answer, Prompt, User, UserVerification, VerificationRequirement},
    webauthn::{Origin, Page},
};

use super::passkey::send;
use crate::{
    app::{App, Opened, OpenedBy},
    args::{Ceremony, Create, SignIn, WebauthnCommand},
    exit::Exit,
    failure::Failure,
    output::{print, say},
    terminal::{self, ask_line, ask_yes, printable},
};

pub(crate) async fn run(app: &App, command: WebauthnCommand) -> Result<(), Failure> {
    match command {
        WebauthnCommand::Create(asked) => create(app, &asked).await,
        WebauthnCommand::Get(sign_in) => get(app, sign_in).await,
    }
}

async fn create(app: &App, asked: &Create) -> Result<(), Failure> {
    let (page, options) = read(&asked.ceremony)?;
    let opened = app.opened().await?;
    let vault = &opened.vault;
    let mut person = Person::new(app, &opened, None);
    person.binds = asked.device_bound;
    let registered = loop {
        let registered = vault.register(&page, &options, &mut person).await;
        if !person.is_verified_now().await? {
            break person.or_why_not(registered)?;
        }
    };
    // It is durable on this device, and no server can hold the answer back. Other devices have it once the server does.
    print(&serde_json::to_string(&registered.response).map_err(|error| Failure::internal(&error))?)?;
    send(app, vault).await
}

async fn get(app: &App, sign_in: SignIn) -> Result<(), Failure> {
    let (page, options) = read(&sign_in.ceremony)?;
    let opened = app.opened().await?;
    let mut person = Person::new(app, &opened, sign_in.account);
    let signed_in = loop {
        let signed_in = opened.vault.sign_in(&page, &options, &mut person).await;
        if !person.is_verified_now().await? {
            break person.or_why_not(signed_in)?;
        }
    };
    print(&serde_json::to_string(&signed_in.response).map_err(|error| Failure::internal(&error))?)?;
    if let Err(error) = opened.vault.note(signed_in.used).await {
        say(&format!("keyfold: signed in; when is not noted ({error})"));
    }
    Ok(())
}

/// The options come on standard input, and nothing of them is believed yet.
fn read(ceremony: &Ceremony) -> Result<(Page, String), Failure> {
    let page = Page::top(Origin::parse(&ceremony.origin)?);
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_OPTIONS + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file(Path::new("standard input"), &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_OPTIONS) {
        return Err(Failure::new(Exit::Malformed, "the options are longer than 65,536 bytes"));
    }
    let options = String::from_utf8(bytes).map_err(|_| Failure::new(Exit::Malformed, "the options are not UTF-8"))?;
    Ok((page, options))
}

/// The person at this device. A passphrase that is given for this very call verifies who it is; a keyring does not.
struct Person<'a> {
    app: &'a App,
    opened: &'a Opened,
    /// The user name that `--account` chose.
    account: Option<String>,
    /// Whether a new passkey is to stay on this device.
    binds: bool,
    /// What opened the profile, and then what showed who is there.
    by: OpenedBy,
    /// What somebody agreed to, who has yet to show who they are.
    agreed_to: Option<(Action, Option<User>)>,
    /// Why nobody agreed, where that says more than the ceremony's own error.
    why_not: Option<Failure>,
}

impl<'a> Person<'a> {
    const fn new(app: &'a App, opened: &'a Opened, account: Option<String>) -> Self {
        Self { app, opened, account, binds: false, by: opened.by, agreed_to: None, why_not: None }
    }

    /// Has whoever agreed show who they are, where the ceremony needs that: the passphrase, for what opened the profile does not
    /// show it. Then the ceremony is to be held again.
    async fn is_verified_now(&mut self) -> Result<bool, Failure> {
        if self.agreed_to.is_none() || self.by == OpenedBy::Passphrase {
            return Ok(false);
        }
        let passphrase = terminal::passphrase::typed(&self.app.global.passphrase)?;
        self.opened.vault.local().unlock(&passphrase).await?;
        self.by = OpenedBy::Passphrase;
        Ok(true)
    }

    fn answer(&mut self, prompt: &Prompt<'_>) -> Result<Answer, Failure> {
        if let Some((action, user)) = &self.agreed_to
            && *action == prompt.action
            && let Some(account) = prompt.accounts.iter().position(|account| Some(account) == user.as_ref())
        {
            return Ok(self.agreed(prompt, account));
        }
        let account = match (prompt.action, &self.account, prompt.accounts) {
            (Action::SignIn, Some(name), _) => named(name, prompt)?,
            (Action::SignIn, None, [_, _, ..]) if self.app.global.yes => {
                let detail = "there are several accounts at this site: choose one with --account NAME";
                return Err(Failure::new(Exit::Usage, detail));
            }
            (Action::SignIn, None, [_, _, ..]) => {
                return Ok(choose(prompt)?.map_or(Answer::Denied, |account| self.agreed(prompt, account)));
            }
            _ => 0,
        };
        let question = question(prompt, account, self.binds)?;
        let agreed = self.app.global.yes || ask_yes(&question)?;
        Ok(if agreed { self.agreed(prompt, account) } else { Answer::Denied })
    }

    /// Somebody agreed. Only the passphrase shows who.
    fn agreed(&mut self, prompt: &Prompt<'_>, account: usize) -> Answer {
        match (self.by, prompt.verification) {
            (OpenedBy::Passphrase, _) => Answer::Verified { account },
            (OpenedBy::Keyring, VerificationRequirement::Preferred | VerificationRequirement::Discouraged) => {
                Answer::Present { account }
            }
            (OpenedBy::Keyring, VerificationRequirement::Required) => {
                self.agreed_to = Some((prompt.action, prompt.accounts.get(account).cloned()));
                Answer::Denied
            }
        }
    }

    /// What a ceremony gave, or the one reason that the person is told.
    fn or_why_not<T, E: Into<Failure>>(self, ceremony: Result<T, E>) -> Result<T, Failure> {
        ceremony.map_err(|error| self.why_not.unwrap_or_else(|| error.into()))
    }
}

impl UserVerification for Person<'_> {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Answer {
        self.answer(prompt).unwrap_or_else(|failure| {
            self.why_not = Some(failure);
            Answer::Denied
        })
    }

    fn binds(&self) -> bool {
        self.binds
    }
}

/// What the relying party is called.
fn site(prompt: &Prompt<'_>) -> String {
    prompt.relying_party.map(|party| printable(party.id.as_str())).unwrap_or_default()
}

fn question(prompt: &Prompt<'_>, account: usize, binds: bool) -> Result<String, Failure> {
    let rp = site(prompt);
    let account = prompt.accounts.get(account).map(name_of).unwrap_or_default();
    match prompt.action {
        // One that stays here takes no other's place.
        Action::Register | Action::Replace if binds => {
            Ok(format!("Make a passkey at {rp} for {account}, on this device only? It is lost with it."))
        }
        Action::Register => Ok(format!("Make a passkey at {rp} for {account}?")),
        Action::Replace => Ok(format!("Make a passkey at {rp} for {account}, in place of the one that is there?")),
        Action::ReportExcluded => Ok(format!("Tell {rp} that there is a passkey for {account} already?")),
        Action::SignIn => Ok(format!("Sign in at {rp} as {account}?")),
        Action::ReportNoPasskey => {
            Err(Failure::new(Exit::NotAllowed, format!("there is no passkey for {rp} that fits")))
        }
        // Platforms ask for these, and no platform is here.
        Action::Select | Action::Verify | Action::Administer | Action::SetPin | Action::Reset => {
            Err(Failure::new(Exit::NotAllowed, "not asked for here"))
        }
    }
}

/// The only account with this name.
fn named(name: &str, prompt: &Prompt<'_>) -> Result<usize, Failure> {
    let mut found = prompt.accounts.iter().enumerate().filter(|(_, user)| name_of(user) == name);
    match (found.next(), found.next()) {
        (Some((account, _)), None) => Ok(account),
        (None, _) => Err(Failure::new(Exit::NotFound, format!("no passkey that fits is of {}", printable(name)))),
        (Some(_), Some(_)) => {
            Err(Failure::new(Exit::NotAllowed, format!("several passkeys that fit are of {}", printable(name))))
        }
    }
}

/// Which of several accounts.
fn choose(prompt: &Prompt<'_>) -> Result<Option<usize>, Failure> {
    say(&format!("Sign in at {} as", site(prompt)));
    for (number, user) in prompt.accounts.iter().enumerate() {
        say(&format!("  {}  {}", number + 1, name_of(user)));
    }
    let number = ask_line("Which (nothing for none)? ", "--account")?;
    let chosen = number.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    Ok(chosen.filter(|account| *account < prompt.accounts.len()))
}

fn name_of(user: &User) -> String {
    let name = user.name.as_ref().or(user.display_name.as_ref());
    printable(name.map_or("an account without a name", |name| name.as_str()))
}

const MAX_OPTIONS: u64 = 65_536;
