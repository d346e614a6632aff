use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Sender, channel},
    },
    time::Duration,
};

use keyfold_client::{
    ItemId,
    browser::{Account, Asked, Ceremony, Code, PROTOCOL, Recent, Signal, Status, Told},
    device::Passphrase,
    rfc3339,
    vault::{UnlockedVault, VaultError},
};
use tokio::{
    net::UnixStream,
    runtime::Handle,
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
    task::JoinSet,
    time::timeout,
};

use super::{
    ceremony::{Done, Failed, Left, Running, What, failed},
    connection::{Listener, Teller, taken_over},
    window::{WindowAnswer, device_name},
};
use crate::{
    agent::{Mode, user::SystemPrompt, vault::AgentVault},
    output::say,
};

/// One browser, through its native host.
struct Session {
    vault: Arc<AgentVault>,
    mode: Mode,
    system: Option<Arc<SystemPrompt>>,
    teller: Teller,
    ceremonies: HashMap<u64, UnderWay>,
    ended: (UnboundedSender<Ended>, UnboundedReceiver<Ended>),
    /// The latest passkeys that were made, by ceremony, the last first.
    made: VecDeque<(u64, ItemId)>,
    /// Dropped with the session.
    _lives: oneshot::Sender<Infallible>,
}

/// A ceremony that is under way.
struct UnderWay {
    /// Where its window's answers go.
    window: Sender<WindowAnswer>,
    is_cancelled: Arc<AtomicBool>,
}

/// How a ceremony ends.
struct Ending {
    id: u64,
    /// Whether the page has taken it back, be it too late for the window.
    is_cancelled: Arc<AtomicBool>,
    teller: Teller,
    ended: UnboundedSender<Ended>,
    agent: Arc<AgentVault>,
    runtime: Handle,
}

impl Ending {
    /// The browser is told, and does not wait for what is left to do. Where it is gone, what was made is in the vault all the same.
    fn ends(self, done: Result<Done, Failed>) {
        let Done { response, left } = match done {
            Ok(done) => done,
            Err(failed) => {
                let _ = self.ended.send((self.id, None));
                return self.teller.tell(&failed.told(self.id));
            }
        };
        let made = match &left {
            Left::Made(vault, item) if self.is_cancelled.load(Ordering::Acquire) => {
                self.runtime.block_on(take_back(vault, *item));
                let _ = self.ended.send((self.id, None));
                let taken_back = failed("NotAllowedError", Code::Cancelled, "taken back".to_owned());
                return self.teller.tell(&taken_back.told(self.id));
            }
            Left::Made(_, item) => Some(*item),
            Left::Used(..) => None,
        };
        // Before it is told: what comes after that may be about what was made.
        let _ = self.ended.send((self.id, made));
        let finishing = self.agent.finishing();
        self.teller.tell(&Told::Result { id: self.id, response });
        match left {
            // Other devices have it soon.
            Left::Made(..) => self.agent.changes(),
            // A sign-in that changes nothing is followed by no poll: its time is nobody's business.
            Left::Used(vault, used) => {
                if used.is_to_send() {
                    self.agent.changes();
                }
                // Whoever waits for the response has the processor to themselves.
                self.runtime.block_on(async { tokio::time::sleep(LATER).await });
                if let Err(error) = self.runtime.block_on(vault.note(used)) {
                    say(&format!("keyfold: signed in; when is not noted ({error})"));
                }
            }
        }
        // Somebody was there and agreed: it locks by itself later. What a page asks for and nobody grants puts that off for nobody.
        drop(self.runtime.block_on(self.agent.used()));
        drop(finishing);
        // All of that was written, and whoever asks next is to wait for none of it.
        drop(self.runtime.block_on(self.agent.local().read_ahead()));
    }
}

/// A ceremony that has ended, with the passkey that was made.
type Ended = (u64, Option<ItemId>);

/// Serves one connection until it ends, or says what is none of the messages.
pub(crate) async fn serve(
    stream: UnixStream,
    vault: Arc<AgentVault>,
    mode: Mode,
    system: Option<Arc<SystemPrompt>>,
) -> io::Result<()> {
    let (listener, teller) = timeout(WITHIN, taken_over(stream)).await??;
    let mut bringing = JoinSet::new();
    bringing.spawn({
        let teller = teller.clone();
        async move { teller.bring().await }
    });
    let (lives, over) = oneshot::channel();
    let (ceremonies, made) = (HashMap::new(), VecDeque::new());
    let teller_of_all = teller.clone();
    let session = Session { vault, mode, system, teller, ceremonies, ended: unbounded_channel(), made, _lives: lives };
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || listen(session, listener, &runtime));
    // Nothing is ever sent: it ends as the session does.
    drop(over.await);
    drop(bringing);
    timeout(WITHIN, teller_of_all.brought()).await?
}

/// Takes what a browser says, until that is nothing more. Where it begins a ceremony another thread listens on: who asks for a
/// sign-in does not wait until a thread has woken for it.
fn listen(mut session: Session, mut listener: Listener, runtime: &Handle) {
    while let Ok(message) = listener.next() {
        let asked = match Asked::parse(&message) {
            Ok(asked) => asked,
            // Who speaks another protocol is told what this one is, and no more is taken from it.
            Err(_) => return session.tell_protocol(),
        };
        let Some((what, ceremony)) = runtime.block_on(session.take(asked)) else { continue };
        let Some((running, ending)) = session.begin(ceremony.id, runtime) else { continue };
        let listening = runtime.clone();
        runtime.spawn_blocking(move || listen(session, listener, &listening));
        return ending.ends(running.run(what, &ceremony, runtime));
    }
}

impl Session {
    /// Answers, or gives the ceremony that is to be run.
    async fn take(&mut self, asked: Asked) -> Option<(What, Ceremony)> {
        // Whatever tells of the vault, or changes it, tells of it as it is once all that was answered is done. A signature does not
        // wait for that, nor does who wants to lock.
        if !matches!(asked, Asked::Hello(_) | Asked::Get(_) | Asked::Answer(_) | Asked::Lock { .. }) {
            self.vault.finished().await;
        }
        self.forget_ended();
        match asked {
            // Who speaks another protocol finds out by the answer.
            Asked::Hello(_) => self.tell_protocol(),
            Asked::Status { id } => self.tell_status(id).await,
            Asked::Create(ceremony) => return Some((What::Create, ceremony)),
            Asked::Get(ceremony) => return Some((What::Get, ceremony)),
            Asked::Candidates(ceremony) => {
                let told = match self.candidates(&ceremony).await {
                    Ok(told) => told,
                    Err(failed) => failed.told(ceremony.id),
                };
                self.tell(told);
            }
            Asked::Answer(answer) => {
                if let Some(ceremony) = self.ceremonies.get(&answer.id) {
                    // A ceremony that has just ended needs none.
                    drop(ceremony.window.send(WindowAnswer::Answer(answer)));
                }
            }
            Asked::Cancel { id } => match self.ceremonies.get(&id) {
                Some(ceremony) => {
                    ceremony.is_cancelled.store(true, Ordering::Release);
                    drop(ceremony.window.send(WindowAnswer::Cancelled));
                }
                None => self.take_back(id).await,
            },
            Asked::Signal(signal) => {
                let told = match self.signal(&signal).await {
                    Ok(()) => Told::Done { id: signal.id },
                    Err(failed) => failed.told(signal.id),
                };
                self.tell(told);
            }
            Asked::Lock { id } => match self.vault.local().lock().await {
                Ok(()) => self.tell_status(id).await,
                Err(error) => self.tell(Failed::of_vault(error).told(id)),
            },
            Asked::Unlock { id, passphrase } => match self.vault.unlock(&Passphrase::typed(passphrase)).await {
                Ok(_) => self.tell_status(id).await,
                Err(error) => self.tell(Failed::of_vault(error).told(id)),
            },
        }
        None
    }

    fn begin(&mut self, id: u64, runtime: &Handle) -> Option<(Running, Ending)> {
        if self.ceremonies.contains_key(&id) || self.ceremonies.len() >= AT_ONCE {
            let message = "too many requests at once, or one of the same number".to_owned();
            self.teller.tell(&failed("NotAllowedError", Code::BadRequest, message).told(id));
            return None;
        }
        let (window, answers) = channel();
        let is_cancelled = Arc::new(AtomicBool::new(false));
        self.ceremonies.insert(id, UnderWay { window, is_cancelled: Arc::clone(&is_cancelled) });
        let running = Running {
            vault: Arc::clone(&self.vault),
            mode: self.mode,
            system: self.system.clone(),
            teller: self.teller.clone(),
            answers,
        };
        let ending = Ending {
            id,
            is_cancelled,
            teller: self.teller.clone(),
            ended: self.ended.0.clone(),
            agent: Arc::clone(&self.vault),
            runtime: runtime.clone(),
        };
        Some((running, ending))
    }

    fn forget_ended(&mut self) {
        while let Ok((id, made)) = self.ended.1.try_recv() {
            self.ceremonies.remove(&id);
            if let Some(item) = made {
                self.made.truncate(AT_ONCE - 1);
                self.made.push_front((id, item));
            }
        }
    }

    /// The page never got what was made for it, as the extension knows.
    async fn take_back(&mut self, id: u64) {
        let Some(place) = self.made.iter().position(|(made_by, _)| *made_by == id) else { return };
        // A locked vault says nothing; the extension may say it again.
        let Ok(vault) = self.open().await else { return };
        let Some((_, item)) = self.made.remove(place) else { return };
        take_back(&vault, item).await;
        self.vault.changes();
    }

    async fn candidates(&self, asked: &Ceremony) -> Result<Told, Failed> {
        let page = asked.page().map_err(Failed::of_page)?;
        let vault = self.open().await?;
        let found = vault.candidates(&page, &asked.options.to_string()).await.map_err(Failed::from)?;
        Ok(Told::Candidates { id: asked.id, accounts: found.iter().map(Account::from).collect() })
    }

    async fn signal(&self, asked: &Signal) -> Result<(), Failed> {
        let bad = |message: String| failed("TypeError", Code::BadRequest, message);
        let page = asked.page().map_err(|error| bad(error.to_string()))?;
        let vault = self.open().await?;
        let signalled = vault.signalled(&page, &asked.signal, &asked.options.to_string()).await;
        self.vault.changes();
        signalled.map_err(|error| bad(error.to_string()))
    }

    async fn open(&self) -> Result<UnlockedVault, Failed> {
        let locked = || failed("NotAllowedError", Code::Locked, "the vault is locked".to_owned());
        self.vault.unlocked().await.map_err(Failed::of_vault)?.ok_or_else(locked)
    }

    async fn tell_status(&self, id: u64) {
        let told = match self.status(id).await {
            Ok(status) => Told::Status(Box::new(status)),
            Err(error) => Failed::of_vault(error).told(id),
        };
        self.tell(told);
    }

    async fn status(&self, id: u64) -> Result<Status, VaultError> {
        let local = self.vault.local();
        let vault = self.vault.unlocked().await?;
        let (_, _, safety_number) = local.safety_number(None).await?;
        let contents = match &vault {
            Some(vault) => Some(vault.contents().await?),
            None => None,
        };
        let mut used: Vec<(u64, Recent)> = contents
            .iter()
            .flat_map(|contents| contents.usable())
            .filter_map(|(item, passkey)| {
                let at = item.item.fields.last_used()?;
                let name = item.item.fields.text(keyfold_client::item::FieldTag::UserName);
                let account = (!name.is_empty()).then(|| name.to_owned());
                Some((at, Recent { rp_id: passkey.rp_id.clone(), account, at: rfc3339(at) }))
            })
            .collect();
        used.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Ok(Status {
            id,
            locked: vault.is_none(),
            profile: local.profile().device.to_string(),
            device: device_name(local).await,
            account: local.profile().account.to_string(),
            passkeys: contents.as_ref().map(|contents| contents.usable().count()),
            safety_number: safety_number.to_string(),
            recent: used.into_iter().take(RECENT).map(|(_, recent)| recent).collect(),
            test_mode: matches!(self.mode, Mode::Test { .. }),
        })
    }

    fn tell_protocol(&self) {
        self.tell(Told::Hello { protocol: PROTOCOL, agent: env!("CARGO_PKG_VERSION") });
    }

    fn tell(&self, told: Told) {
        self.teller.tell(&told);
    }
}

/// Deletes a passkey that no page got; what it was to replace stays. One that has signed in some page has.
async fn take_back(vault: &UnlockedVault, item: ItemId) {
    let deleted = async {
        if vault.passkey(item).await?.item.fields.last_used().is_none() {
            vault.delete(&[item]).await?;
        }
        Ok::<_, VaultError>(())
    };
    if let Err(error) = deleted.await {
        say(&format!("keyfold: a passkey that no page got stays in the vault: {error}"));
    }
}

/// How long after a sign-in it is noted.
const LATER: Duration = Duration::from_millis(20);
/// How long a native host may take to hand a browser over, and one that says nothing more to take its last answers.
const WITHIN: Duration = Duration::from_secs(10);
/// Ceremonies of one browser.
const AT_ONCE: usize = 16;
/// Uses that the popup shows.
const RECENT: usize = 5;
