use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use keyfold_client::{
    authenticator::{Action, Answer as Agreed, Prompt, UserVerification, VerificationRequirement},
    browser::{Account, Answer, Code, Decision, Party, Prompt as Shown, Told, Verify},
    vault::LocalVault,
};
use tokio::{runtime::Handle, task::JoinHandle};

use super::connection::Teller;
use crate::agent::{
    cancel::Cancel,
    user::{NotVerified, Owner, Proof},
    vault::AgentVault,
};

/// The extension's window for one ceremony.
pub(super) struct Window {
    pub(super) id: u64,
    pub(super) agent: Arc<AgentVault>,
    pub(super) owner: Arc<Owner>,
    pub(super) runtime: Handle,
    pub(super) teller: Teller,
    pub(super) answers: Receiver<WindowAnswer>,
    pub(super) ended: Arc<std::sync::Mutex<Option<Code>>>,
    /// Whether a new passkey is to stay on this device, as whoever approves says.
    pub(super) binds: bool,
    /// Of the prompts that were shown.
    pub(super) prompts: u64,
    /// As long as the system's own prompt has not failed for this request.
    pub(super) is_system_of_use: bool,
}

/// What comes from the window.
pub(super) enum WindowAnswer {
    Answer(Answer),
    /// The page took its request back, or the browser is gone.
    Cancelled,
}

impl UserVerification for Window {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Agreed {
        let until = Instant::now() + prompt.answer_within.unwrap_or(LONGEST);
        let mut failed = None;
        loop {
            let verify = self.verify(prompt);
            self.show(prompt, verify, until, failed.take());
            match self.answered(until) {
                Err(ended) => return self.end(prompt, ended),
                Ok(answer) if answer.decision == Decision::Deny => return self.end(prompt, Code::Denied),
                Ok(_) if prompt.action == Action::ReportNoPasskey => return self.end(prompt, Code::NoPasskey),
                Ok(answer) if verify == Verify::None => {
                    self.binds = answer.bind;
                    return Agreed::Present { account: answer.account };
                }
                Ok(answer) => {
                    self.binds = answer.bind;
                    match self.proved(answer, until) {
                        Ok(account) => return Agreed::Verified { account },
                        Err(NotProved::Ended(code)) => return self.end(prompt, code),
                        Err(NotProved::Again(why)) => failed = Some(why),
                    }
                }
            }
        }
    }

    fn binds(&self) -> bool {
        self.binds
    }
}

impl Window {
    /// What shows who is there: the system's prompt if there is one, else the PIN where one is set; and always the passphrase.
    fn verify(&self, prompt: &Prompt<'_>) -> Verify {
        match prompt.verification {
            _ if prompt.action == Action::ReportNoPasskey => Verify::None,
            VerificationRequirement::Discouraged => Verify::None,
            VerificationRequirement::Required | VerificationRequirement::Preferred => {
                if self.is_system_of_use && self.runtime.block_on(self.owner.system()).is_some() {
                    Verify::System
                } else if self.runtime.block_on(self.owner.has_pin()) {
                    Verify::Pin
                } else {
                    Verify::Passphrase
                }
            }
        }
    }

    fn show(&mut self, prompt: &Prompt<'_>, verify: Verify, until: Instant, failed: Option<String>) {
        self.prompts += 1;
        let shown = Shown {
            id: self.id,
            prompt: self.prompts,
            action: action(prompt.action),
            rp: Party {
                id: prompt.relying_party.map(|party| party.id.to_string()).unwrap_or_default(),
                name: prompt.relying_party.and_then(|party| party.name.as_ref()).map(ToString::to_string),
            },
            accounts: prompt.accounts.iter().map(Account::from).collect(),
            device: self.runtime.block_on(device_name(self.agent.local())),
            verify,
            seconds_left: until.saturating_duration_since(Instant::now()).as_secs(),
            failed,
        };
        // Where the browser is gone the answer is that it was taken back.
        self.teller.tell(&Told::Prompt(Box::new(shown)));
    }

    /// The answer to the prompt that is shown; to another it is none.
    fn answered(&self, until: Instant) -> Result<Answer, Code> {
        loop {
            match self.answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(WindowAnswer::Answer(answer)) if answer.prompt == self.prompts => return Ok(answer),
                Ok(WindowAnswer::Answer(_)) => {}
                Ok(WindowAnswer::Cancelled) | Err(RecvTimeoutError::Disconnected) => return Err(Code::Cancelled),
                Err(RecvTimeoutError::Timeout) => return Err(Code::TimedOut),
            }
        }
    }

    fn proved(&mut self, answer: Answer, until: Instant) -> Result<usize, NotProved> {
        let proof = match (answer.pin, answer.passphrase) {
            (Some(pin), _) => Proof::Pin(pin),
            (None, Some(passphrase)) => Proof::passphrase(passphrase),
            (None, None) => return self.known_to_the_system(until).map(|()| answer.account),
        };
        let proved = self.runtime.block_on(self.owner.is(proof));
        proved.map(|()| answer.account).map_err(NotProved::Again)
    }

    /// The system asks in a window of its own; meanwhile the request may be taken back in this one. After a failure it is the
    /// secret that is asked for.
    fn known_to_the_system(&mut self, until: Instant) -> Result<(), NotProved> {
        let system = if self.is_system_of_use { self.runtime.block_on(self.owner.system()) } else { None };
        let Some(system) = system.map(Arc::clone) else {
            return Err(NotProved::Again("type your PIN or passphrase".to_owned()));
        };
        let cancel = Cancel::default();
        let asked = self.runtime.spawn({
            let (owner, cancel) = (Arc::clone(&self.owner), cancel.clone());
            async move { owner.known_to_the_system(&system, &cancel).await }
        });
        let ended = self.ends_before(&asked, until);
        if ended.is_some() {
            cancel.cancel();
        }
        let verified = self.runtime.block_on(asked);
        let verified = verified.unwrap_or_else(|_| Err(NotVerified::Unavailable("the prompt broke off".to_owned())));
        match (ended, verified) {
            (Some(code), _) => Err(NotProved::Ended(code)),
            (None, Ok(())) => Ok(()),
            (None, Err(why)) => {
                self.is_system_of_use = false;
                Err(NotProved::Again(match why {
                    NotVerified::Failed(why) => why.to_owned(),
                    NotVerified::Cancelled => "it was taken back".to_owned(),
                    NotVerified::Unavailable(why) => why,
                }))
            }
        }
    }

    /// How the request ends before the system has done, if it does.
    fn ends_before<T>(&self, asked: &JoinHandle<T>, until: Instant) -> Option<Code> {
        loop {
            match self.answers.recv_timeout(LOOK) {
                Ok(WindowAnswer::Cancelled) | Err(RecvTimeoutError::Disconnected) => return Some(Code::Cancelled),
                Ok(WindowAnswer::Answer(answer)) if answer.decision == Decision::Deny => return Some(Code::Denied),
                Ok(WindowAnswer::Answer(_)) => {}
                Err(RecvTimeoutError::Timeout) if asked.is_finished() => return None,
                Err(RecvTimeoutError::Timeout) if Instant::now() >= until => return Some(Code::TimedOut),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn end(&self, prompt: &Prompt<'_>, code: Code) -> Agreed {
        let code = if prompt.action == Action::ReportNoPasskey { Code::NoPasskey } else { code };
        *self.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(code);
        match code {
            Code::Cancelled => Agreed::Cancelled,
            Code::TimedOut => Agreed::TimedOut,
            _ => Agreed::Denied,
        }
    }
}

/// What this device is called in its account.
pub(super) async fn device_name(local: &LocalVault) -> String {
    let status = local.status().await.ok();
    let name =
        status.and_then(|status| status.devices.into_iter().find(|device| device.this).map(|device| device.name));
    name.unwrap_or_else(|| "this device".to_owned())
}

const fn action(action: Action) -> &'static str {
    match action {
        Action::Register => "register",
        Action::Replace => "replace",
        Action::ReportExcluded => "report-excluded",
        Action::ReportNoPasskey => "report-no-passkey",
        // Browsers ask for nothing else.
        Action::SignIn | Action::Select | Action::Verify | Action::Administer | Action::SetPin | Action::Reset => {
            "sign-in"
        }
    }
}

/// Why nobody has proved to be the owner.
enum NotProved {
    /// The request is over.
    Ended(Code),
    /// They may try again.
    Again(String),
}

/// How often it is looked whether the system has done.
const LOOK: Duration = Duration::from_millis(50);
/// Where a ceremony sets no limit.
const LONGEST: Duration = Duration::from_secs(600);
