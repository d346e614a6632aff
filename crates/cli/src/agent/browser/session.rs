use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Sender, channel},
    },
};

use keyfold_client::{
    ItemId,
    browser::{Account, Asked, Ceremony, Code, MAX_MESSAGE, PROTOCOL, Recent, Signal, Status, Told},
    device::Passphrase,
    rfc3339,
    vault::{UnlockedVault, VaultError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime::Handle,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use zeroize::Zeroizing;

use super::{
    ceremony::{Done, Failed, Left, Running, What, failed},
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
    told: UnboundedSender<Told>,
    ceremonies: HashMap<u64, UnderWay>,
    ended: (UnboundedSender<Ended>, UnboundedReceiver<Ended>),
    /// The latest passkeys that were made, by ceremony, the last first.
    made: VecDeque<(u64, ItemId)>,
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
    told: UnboundedSender<Told>,
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
                return drop(self.told.send(failed.told(self.id)));
            }
        };
        let made = match &left {
            Left::Made(vault, item) if self.is_cancelled.load(Ordering::Acquire) => {
                self.runtime.block_on(take_back(vault, *item));
                let _ = self.ended.send((self.id, None));
                let taken_back = failed("NotAllowedError", Code::Cancelled, "taken back".to_owned());
                return drop(self.told.send(taken_back.told(self.id)));
            }
            Left::Made(_, item) => Some(*item),
            Left::Used(..) => None,
        };
        // Before it is told: what comes after that may be about what was made.
        let _ = self.ended.send((self.id, made));
        let finishing = self.runtime.block_on(self.agent.finishing());
        drop(self.told.send(Told::Result { id: self.id, response }));
        match left {
            // Other devices have it soon.
            Left::Made(..) => self.agent.changes(),
            // A sign-in that changes nothing is followed by no poll: its time is nobody's business.
            Left::Used(vault, used) => {
                if used.is_to_send() {
                    self.agent.changes();
                }
                if let Err(error) = self.runtime.block_on(vault.note(used)) {
                    say(&format!("keyfold: signed in; when is not noted ({error})"));
                }
            }
        }
        // Somebody was there and agreed: it locks by itself later. What a page asks for and nobody grants puts that off for nobody.
        drop(self.runtime.block_on(self.agent.used()));
        drop(finishing);
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
    let (mut reader, writer) = stream.into_split();
    let (told, to_tell) = unbounded_channel();
    let writing = tokio::spawn(write_all(writer, to_tell));
    let (ceremonies, made) = (HashMap::new(), VecDeque::new());
    let mut session = Session { vault, mode, system, told, ceremonies, ended: unbounded_channel(), made };
    while let Some(message) = read(&mut reader).await? {
        match Asked::parse(&message) {
            Ok(asked) => session.take(asked).await,
            // Who speaks another protocol is told what this one is, and no more is taken from it.
            Err(_) => {
                session.tell(Told::Hello { protocol: PROTOCOL, agent: env!("CARGO_PKG_VERSION") });
                break;
            }
        }
    }
    // Windows that are still open have nobody to answer.
    drop(session);
    writing.await.unwrap_or(Ok(()))
}

impl Session {
    async fn take(&mut self, asked: Asked) {
        // Whatever tells of the vault, or changes it, tells of it as it is once all that was answered is done. A signature does not
        // wait for that.
        if !matches!(asked, Asked::Hello(_) | Asked::Get(_) | Asked::Answer(_)) {
            self.vault.finished().await;
        }
        self.forget_ended();
        match asked {
            // Who speaks another protocol finds out by the answer.
            Asked::Hello(_) => self.tell(Told::Hello { protocol: PROTOCOL, agent: env!("CARGO_PKG_VERSION") }),
            Asked::Status { id } => self.tell_status(id).await,
            Asked::Create(ceremony) => self.begin(What::Create, ceremony).await,
            Asked::Get(ceremony) => self.begin(What::Get, ceremony).await,
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
    }

    async fn begin(&mut self, what: What, ceremony: Ceremony) {
        let id = ceremony.id;
        if self.ceremonies.contains_key(&id) || self.ceremonies.len() >= AT_ONCE {
            let message = "too many requests at once, or one of the same number".to_owned();
            return self.tell(failed("NotAllowedError", Code::BadRequest, message).told(id));
        }
        let (window, answers) = channel();
        let is_cancelled = Arc::new(AtomicBool::new(false));
        self.ceremonies.insert(id, UnderWay { window, is_cancelled: Arc::clone(&is_cancelled) });
        let running = Running {
            vault: Arc::clone(&self.vault),
            mode: self.mode,
            system: self.system.clone(),
            told: self.told.clone(),
            answers,
        };
        let ending = Ending {
            id,
            is_cancelled,
            told: self.told.clone(),
            ended: self.ended.0.clone(),
            agent: Arc::clone(&self.vault),
            runtime: Handle::current(),
        };
        tokio::task::spawn_blocking(move || {
            let done = running.run(what, &ceremony, &ending.runtime);
            ending.ends(done);
        });
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

    fn tell(&self, told: Told) {
        // A browser that is gone is told nothing.
        drop(self.told.send(told));
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

async fn read(reader: &mut OwnedReadHalf) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let length = match reader.read_u32().await {
        Ok(length) => usize::try_from(length).unwrap_or(usize::MAX),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > MAX_MESSAGE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = Zeroizing::new(vec![0; length]);
    reader.read_exact(&mut message).await?;
    Ok(Some(message))
}

async fn write_all(mut writer: OwnedWriteHalf, mut to_tell: UnboundedReceiver<Told>) -> io::Result<()> {
    while let Some(told) = to_tell.recv().await {
        let message = Zeroizing::new(serde_json::to_vec(&told)?);
        let length = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        writer.write_u32(length).await?;
        writer.write_all(&message).await?;
    }
    Ok(())
}

/// Ceremonies of one browser.
const AT_ONCE: usize = 16;
/// Uses that the popup shows.
const RECENT: usize = 5;
