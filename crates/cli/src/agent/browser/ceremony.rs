use std::sync::{Arc, Mutex, PoisonError, mpsc::Receiver};

use keyfold_client::{
    ItemId,
    authenticator::UserVerification,
    browser::{BadPage, Ceremony, Code, Decision, Party, Prompt, Told, Verify},
    device::Passphrase,
    vault::{CandidatesError, PasskeySnapshot, RegisterError, SignInError, UnlockedVault, Used, VaultError},
};
use serde_json::value::RawValue;
use tokio::runtime::Handle;

use super::{
    connection::Teller,
    window::{Window, WindowAnswer, device_name},
};
use crate::agent::{
    Mode,
    cancel::Cancel,
    user::{Asks as _, Owner, SystemPrompt, TestUser},
    vault::AgentVault,
};

/// Which of the two.
#[derive(Clone, Copy)]
pub(super) enum What {
    Create,
    Get,
}

/// Why it came to nothing, for the page and for the person.
pub(super) struct Failed {
    pub(super) name: &'static str,
    pub(super) code: Code,
    pub(super) message: String,
}

/// What came of it.
pub(super) struct Done {
    /// For the page.
    pub(super) response: Box<RawValue>,
    pub(super) left: Left,
}

/// What is left to do once the page has its response.
pub(super) enum Left {
    /// The passkey was made, and the page may never get it.
    Made(Box<UnlockedVault>, ItemId),
    /// That it was used is to be noted.
    Used(Box<UnlockedVault>, Used),
}

/// A vault that is open, and what is in it.
struct Opened {
    vault: UnlockedVault,
    snapshot: PasskeySnapshot,
    /// That it took to open it.
    prompts: u64,
}

/// All that one ceremony needs.
pub(super) struct Running {
    pub(super) vault: Arc<AgentVault>,
    pub(super) mode: Mode,
    pub(super) system: Option<Arc<SystemPrompt>>,
    pub(super) teller: Teller,
    pub(super) answers: Receiver<WindowAnswer>,
}

impl Running {
    /// Runs it to its end, on a thread that may wait for the person.
    pub(super) fn run(self, what: What, asked: &Ceremony, runtime: &Handle) -> Result<Done, Failed> {
        let page = asked.page().map_err(Failed::of_page)?;
        let ended = Arc::new(Mutex::new(None));
        let Opened { vault, snapshot, prompts } = self.open(asked.id, runtime)?;
        let mut user = self.user((asked.id, prompts), vault.clone(), &ended, runtime);
        let options = asked.options.to_string();
        let done = match what {
            What::Create => {
                let made = vault.register_with(snapshot, runtime, &page, &options, user.as_mut());
                let left = |item| Left::Made(Box::new(vault), item);
                made.map_err(Failed::from).and_then(|made| Done::of(&made.response, left(made.item)))
            }
            What::Get => {
                let signed = vault.sign_in_with(snapshot, runtime, &page, &options, user.as_mut());
                let left = |used| Left::Used(Box::new(vault), used);
                signed.map_err(Failed::from).and_then(|signed| Done::of(&signed.response, left(signed.used)))
            }
        };
        let how = *ended.lock().unwrap_or_else(PoisonError::into_inner);
        done.map_err(|failure| match how {
            Some(code) => Failed { code, ..failure },
            None => failure,
        })
    }

    /// The vault; where it is locked the passphrase is asked for.
    fn open(&self, id: u64, runtime: &Handle) -> Result<Opened, Failed> {
        match runtime.block_on(self.vault.snapshot()).map_err(Failed::of_vault)? {
            Some((vault, snapshot)) => Ok(Opened { vault, snapshot, prompts: 0 }),
            None => {
                let (vault, prompts) = self.ask_to_open(id, runtime)?;
                let snapshot = runtime.block_on(vault.snapshot()).map_err(Failed::of_vault)?;
                Ok(Opened { vault, snapshot, prompts })
            }
        }
    }

    fn ask_to_open(&self, id: u64, runtime: &Handle) -> Result<(UnlockedVault, u64), Failed> {
        let mut failed_before = None;
        for prompt in 1..=UNLOCK_PROMPTS {
            let shown = Prompt {
                id,
                prompt,
                action: "unlock",
                rp: Party { id: String::new(), name: None },
                accounts: Vec::new(),
                device: runtime.block_on(device_name(self.vault.local())),
                verify: Verify::Passphrase,
                seconds_left: UNLOCK_WITHIN.as_secs(),
                failed: failed_before.take(),
            };
            self.teller.tell(&Told::Prompt(Box::new(shown)));
            let answer = match self.answers.recv_timeout(UNLOCK_WITHIN) {
                Ok(WindowAnswer::Answer(answer)) if answer.prompt == prompt => answer,
                Ok(WindowAnswer::Answer(_)) => continue,
                Ok(WindowAnswer::Cancelled) | Err(_) => {
                    return Err(failed("NotAllowedError", Code::Cancelled, "taken back".to_owned()));
                }
            };
            let passphrase = match (answer.decision, answer.passphrase) {
                (Decision::Approve, Some(passphrase)) => Passphrase::typed(passphrase),
                (Decision::Approve, None) => continue,
                (Decision::Deny, _) => {
                    return Err(failed("NotAllowedError", Code::Locked, "the vault is locked".to_owned()));
                }
            };
            match runtime.block_on(self.vault.unlock(&passphrase)) {
                Ok(vault) => return Ok((vault, prompt)),
                Err(error @ (VaultError::Secrets(_) | VaultError::TooManyGuesses { .. })) => {
                    failed_before = Some(error.to_string());
                }
                Err(error) => return Err(Failed::of_vault(error)),
            }
        }
        Err(failed("NotAllowedError", Code::Locked, "the vault is locked".to_owned()))
    }

    fn user(
        self,
        (id, prompts): (u64, u64),
        vault: UnlockedVault,
        ended: &Arc<Mutex<Option<Code>>>,
        runtime: &Handle,
    ) -> Box<dyn UserVerification + Send> {
        match self.mode {
            // Nobody is asked, and nobody is verified.
            Mode::Test { presence, .. } => TestUser(presence).for_request(None, Cancel::default()),
            Mode::Real => Box::new(Window {
                id,
                agent: self.vault,
                owner: Arc::new(Owner::of(vault, self.system)),
                is_system_of_use: true,
                runtime: runtime.clone(),
                teller: self.teller,
                answers: self.answers,
                ended: Arc::clone(ended),
                binds: false,
                prompts,
            }),
        }
    }
}

impl Done {
    fn of(response: &impl serde::Serialize, left: Left) -> Result<Self, Failed> {
        let response = serde_json::value::to_raw_value(response);
        let response = response.map_err(|error| failed("UnknownError", Code::Failed, error.to_string()))?;
        Ok(Self { response, left })
    }
}

pub(super) fn failed(name: &'static str, code: Code, message: String) -> Failed {
    Failed { name, code, message }
}

impl Failed {
    pub(super) fn of_vault(error: VaultError) -> Self {
        let code = match error {
            VaultError::Locked(_) => Code::Locked,
            _ => Code::Failed,
        };
        failed("NotAllowedError", code, error.to_string())
    }

    pub(super) fn of_page(error: BadPage) -> Self {
        failed("SecurityError", Code::BadRequest, error.to_string())
    }

    pub(super) fn told(self, id: u64) -> Told {
        Told::Error { id, name: self.name, code: self.code, message: self.message }
    }
}

impl From<RegisterError> for Failed {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Ceremony(error) => {
                let code = match error.dom_name() {
                    "InvalidStateError" => Code::Excluded,
                    "NotAllowedError" => Code::Failed,
                    _ => Code::BadRequest,
                };
                failed(error.dom_name(), code, error.to_string())
            }
            RegisterError::Vault(error) => Failed::of_vault(error),
        }
    }
}

impl From<SignInError> for Failed {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Ceremony(error) => {
                let code = if error.dom_name() == "NotAllowedError" { Code::Failed } else { Code::BadRequest };
                failed(error.dom_name(), code, error.to_string())
            }
            SignInError::Vault(error) => Failed::of_vault(error),
        }
    }
}

impl From<CandidatesError> for Failed {
    fn from(error: CandidatesError) -> Self {
        match error {
            CandidatesError::Request(error) => failed(error.dom_name(), Code::BadRequest, error.to_string()),
            CandidatesError::Vault(error) => Failed::of_vault(error),
        }
    }
}

/// How often a window asks for the passphrase of a locked vault.
const UNLOCK_PROMPTS: u64 = 20;
/// How long it waits for it.
const UNLOCK_WITHIN: std::time::Duration = std::time::Duration::from_secs(120);
