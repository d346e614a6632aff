use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use keyfold_client::{
    Clock as _, SystemClock,
    authenticator::{
        Answer, Authenticator, Channel, CtapError, MemoryStore, Model, Prompt, UnixMillis, UserVerification,
    },
    random,
    sync::{SyncEngine, SyncError},
    vault::{CtapAuthenticator, Locked, UnlockedVault, VaultError},
};
use tokio::sync::{Mutex, Semaphore};

use super::{
    Kind, Mode,
    cancel::Cancel,
    user::Asks,
    vault::{AgentVault, is_same},
};
use crate::{failure::Failure, output::say, terminal::printable};

/// The one authenticator behind all CTAP endpoints. One request at a time; the others wait for their turn.
pub(crate) struct Shared {
    device: Mutex<Device>,
    user: Arc<dyn Asks>,
    clock: Clock,
    /// Places for requests that are served or wait for it.
    waiting: Semaphore,
}

type Clock = Arc<dyn Fn() -> UnixMillis + Send + Sync>;

enum Device {
    Memory(Option<Box<Authenticator<MemoryStore, random::System>>>),
    Vault(Box<VaultDevice>),
}

struct VaultDevice {
    vault: Arc<AgentVault>,
    /// What it was powered up with; another opening of the vault is another power-up.
    powered: Option<(UnlockedVault, CtapAuthenticator)>,
}

impl Shared {
    pub(super) async fn power_up(kind: &Kind, user: Arc<dyn Asks>, mode: Mode) -> Result<Self, Failure> {
        let device = match kind {
            Kind::Memory => Device::Memory(None),
            Kind::Vault(vault) => Device::Vault(Box::new(VaultDevice { vault: Arc::clone(vault), powered: None })),
        };
        let waiting = Semaphore::new(WAITING);
        let shared = Self { device: Mutex::new(device), user, clock: clock(mode), waiting };
        shared.power_cycle().await?;
        Ok(shared)
    }

    /// Serves one CTAP2 request.
    pub(super) async fn call(&self, channel: Channel, request: Vec<u8>, cancel: Cancel) -> Vec<u8> {
        let Ok(_place) = self.waiting.try_acquire() else { return vec![CHANNEL_BUSY] };
        let mut device = self.device.lock().await;
        if cancel.is_cancelled() {
            return vec![CtapError::KeepaliveCancel.code()];
        }
        match &mut *device {
            Device::Memory(authenticator) => {
                let user = self.user.for_request(None, cancel);
                serve(authenticator, (channel, request), user, Arc::clone(&self.clock)).await
            }
            Device::Vault(vault) => match vault.serve(channel, request, self.user.as_ref(), cancel).await {
                Ok(answer) => answer,
                Err(error) => {
                    say(&format!("keyfold: a request was not served: {}", printable(&error.to_string())));
                    vec![CtapError::Other.code()]
                }
            },
        }
    }

    /// Takes the power away and gives it back.
    pub(super) async fn power_cycle(&self) -> Result<(), Failure> {
        match &mut *self.device.lock().await {
            Device::Memory(authenticator) => {
                let mut powered = match authenticator.take() {
                    Some(powered) => powered,
                    None => Box::new(Authenticator::new(Model::SYNCED, MemoryStore::default(), random::system())),
                };
                powered.power_cycle((self.clock)()).map_err(|error| Failure::internal(&error))?;
                *authenticator = Some(powered);
            }
            Device::Vault(device) => {
                device.powered = None;
                if let Some(vault) = device.vault.unlocked().await? {
                    device.power_up(vault).await?;
                }
            }
        }
        Ok(())
    }

    /// The vault is locked: nothing of it stays here.
    pub(crate) async fn forget(&self) {
        if let Device::Vault(device) = &mut *self.device.lock().await {
            device.powered = None;
        }
    }
}

fn clock(mode: Mode) -> Clock {
    match mode {
        Mode::Test { clock: Some(clock), .. } => Arc::new(move || clock),
        Mode::Test { clock: None, .. } | Mode::Real => Arc::new(|| UnixMillis(SystemClock.now())),
    }
}

/// On a thread that may wait for the user.
async fn serve(
    authenticator: &mut Option<Box<Authenticator<MemoryStore, random::System>>>,
    (channel, request): (Channel, Vec<u8>),
    mut user: Box<dyn UserVerification + Send>,
    clock: Clock,
) -> Vec<u8> {
    let Some(mut powered) = authenticator.take() else { return vec![CtapError::Other.code()] };
    let served = tokio::task::spawn_blocking(move || {
        let answer = powered.call_on(channel, &request, user.as_mut(), &*clock);
        (powered, answer)
    });
    match served.await {
        Ok((powered, answer)) => {
            *authenticator = Some(powered);
            answer
        }
        Err(_) => vec![CtapError::Other.code()],
    }
}

impl VaultDevice {
    async fn serve(
        &mut self,
        channel: Channel,
        request: Vec<u8>,
        asks: &dyn Asks,
        cancel: Cancel,
    ) -> Result<Vec<u8>, VaultError> {
        let vault = match self.vault.unlocked().await? {
            Some(vault) => vault,
            // Platforms ask any device that they find what it can do, and nobody is to be bothered for that.
            None if request.first() == Some(&GET_INFO) => return Err(VaultError::Locked(Locked::OnRequest)),
            None => match asks.passphrase(cancel.clone()).await {
                Some(passphrase) => self.vault.unlock(&passphrase).await?,
                None => return Err(VaultError::Locked(Locked::OnRequest)),
            },
        };
        let powered = match self.powered.take() {
            Some(powered) if is_same(&powered.0, &vault) => self.powered.insert(powered),
            _ => self.power_up(vault).await?,
        };
        let was_asked = Arc::new(AtomicBool::new(false));
        let user = Asked { user: asks.for_request(Some(powered.0.clone()), cancel), was_asked: Arc::clone(&was_asked) };
        let served = powered.1.call(channel, request, Box::new(user)).await;
        // Somebody is there: the vault locks by itself later. Whether that can be noted changes nothing of the answer.
        if was_asked.load(Ordering::Relaxed) {
            drop(self.vault.used().await);
        }
        // A sign-in is followed by no poll: its time is nobody's business.
        if served.is_to_send {
            self.vault.changes();
        }
        Ok(served.answer)
    }

    async fn power_up(&mut self, vault: UnlockedVault) -> Result<&mut (UnlockedVault, CtapAuthenticator), VaultError> {
        let authenticator = CtapAuthenticator::power_up(vault.clone()).await?;
        Ok(self.powered.insert((vault, authenticator)))
    }
}

/// Remembers whether somebody was asked and agreed.
struct Asked {
    user: Box<dyn UserVerification + Send>,
    was_asked: Arc<AtomicBool>,
}

impl UserVerification for Asked {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Answer {
        let answer = self.user.ask(prompt);
        if matches!(answer, Answer::Present { .. } | Answer::Verified { .. }) {
            self.was_asked.store(true, Ordering::Relaxed);
        }
        answer
    }

    fn can_verify(&self) -> bool {
        self.user.can_verify()
    }

    fn can_choose(&self) -> bool {
        self.user.can_choose()
    }

    fn binds(&self) -> bool {
        self.user.binds()
    }
}

/// Sends what the agent changes, and takes what others change, while the vault is open; until it fails for good.
pub(crate) async fn sync(
    engine: impl Fn(UnlockedVault) -> Result<SyncEngine, Failure>,
    vault: &AgentVault,
) -> Result<(), Failure> {
    loop {
        let Some(open) = vault.unlocked().await? else {
            vault.opened().await;
            continue;
        };
        let engine = engine(open)?;
        let soon = async {
            loop {
                vault.changed().await;
                // What cannot be sent now goes with the next sync; the watch tells of an outage.
                drop(engine.sync().await);
            }
        };
        let stopped = tokio::select! {
            stopped = engine.watch(|_| {}) => stopped,
            never = soon => never,
        };
        match stopped {
            Ok(never) => match never {},
            // Somebody has locked it: the keys that are in the engine go with it.
            Err(SyncError::Vault(VaultError::Locked(_))) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Forgets the vault's keys soon after it was locked.
pub(crate) async fn forget_when_locked(shared: &Shared, vault: &AgentVault) -> Result<(), Failure> {
    loop {
        tokio::time::sleep(LOOK).await;
        if vault.local().locked().await?.is_some() {
            vault.forget();
            shared.forget().await;
            vault.opened().await;
        }
    }
}

/// Requests that are served or wait for their turn.
const WAITING: usize = 32;
/// How often it is looked whether another process has locked the vault.
const LOOK: Duration = Duration::from_secs(2);
const GET_INFO: u8 = 0x04;
/// CTAP1_ERR_CHANNEL_BUSY.
const CHANNEL_BUSY: u8 = 0x06;
