use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use keyfold_client::{
    authenticator::{Authenticator, CtapError, MemoryStore, Model, UnixMillis, UserVerification},
    random,
    sync::SyncEngine,
    vault::{CtapAuthenticator, LocalVault, UnlockedVault, VaultError},
};
use tokio::sync::{Mutex, Notify};

use super::{Kind, Mode, cancel::Cancel, user::Asks};
use crate::{failure::Failure, keyring::DesktopKeyring, output::say, terminal::printable};

/// The one authenticator behind all endpoints. One request at a time; the others wait for their turn.
pub(crate) struct Shared {
    device: Mutex<Device>,
    user: Arc<dyn Asks>,
    mode: Mode,
    changed: Notify,
}

pub(crate) enum Device {
    Memory(Option<Box<Authenticator<MemoryStore, random::System>>>),
    Vault(Box<VaultDevice>),
}

/// A vault that is opened when it is needed, and closed when it is locked.
pub(crate) struct VaultDevice {
    local: LocalVault,
    open: Option<(UnlockedVault, CtapAuthenticator)>,
}

impl Shared {
    pub(super) async fn power_up(device: Device, user: Arc<dyn Asks>, mode: Mode) -> Result<Self, Failure> {
        let shared = Self { device: Mutex::new(device), user, mode, changed: Notify::new() };
        shared.power_cycle().await?;
        Ok(shared)
    }

    /// Serves one CTAP2 request.
    pub(super) async fn call(&self, request: Vec<u8>, cancel: Cancel) -> Vec<u8> {
        let mut device = self.device.lock().await;
        if cancel.is_cancelled() {
            return vec![CtapError::KeepaliveCancel.code()];
        }
        let user = self.user.for_request(cancel.clone());
        match &mut *device {
            Device::Memory(authenticator) => serve(authenticator, request, user, self.now()).await,
            Device::Vault(vault) => match vault.serve(request, user, self.user.as_ref(), &cancel).await {
                Ok(answer) => {
                    self.changed.notify_one();
                    answer
                }
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
                powered.power_cycle(self.now()).map_err(|error| Failure::internal(&error))?;
                *authenticator = Some(powered);
            }
            Device::Vault(vault) => {
                if let Some((_, authenticator)) = &mut vault.open {
                    authenticator.power_cycle().await?;
                }
            }
        }
        Ok(())
    }

    /// Returns once something may have changed that the server does not know.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn now(&self) -> UnixMillis {
        match self.mode {
            Mode::Test { clock: Some(clock) } => clock,
            Mode::Test { clock: None } | Mode::Real => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
            }
        }
    }
}

impl Device {
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Memory => Self::Memory(None),
            Kind::Vault(vault) => Self::Vault(vault),
        }
    }
}

/// On a thread that may wait for the user.
async fn serve(
    authenticator: &mut Option<Box<Authenticator<MemoryStore, random::System>>>,
    request: Vec<u8>,
    mut user: Box<dyn UserVerification + Send>,
    now: UnixMillis,
) -> Vec<u8> {
    let Some(mut powered) = authenticator.take() else { return vec![CtapError::Other.code()] };
    let served = tokio::task::spawn_blocking(move || {
        let answer = powered.call(&request, user.as_mut(), now);
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
    /// A vault that is open.
    pub(crate) async fn open(vault: UnlockedVault) -> Result<Self, VaultError> {
        let authenticator = CtapAuthenticator::power_up(vault.clone()).await?;
        Ok(Self { local: vault.local().clone(), open: Some((vault, authenticator)) })
    }

    async fn serve(
        &mut self,
        request: Vec<u8>,
        user: Box<dyn UserVerification + Send>,
        asks: &dyn Asks,
        cancel: &Cancel,
    ) -> Result<Vec<u8>, VaultError> {
        if self.local.locked().await?.is_some() {
            // The keys go: what was given out under them is void.
            self.open = None;
        }
        if self.open.is_none() {
            let vault = self.unlock(asks, cancel).await?;
            let authenticator = CtapAuthenticator::power_up(vault.clone()).await?;
            self.open = Some((vault, authenticator));
        }
        let Some((vault, authenticator)) = &mut self.open else {
            return Ok(vec![CtapError::Other.code()]);
        };
        asks.vault_is(Some(vault.clone()));
        let answer = authenticator.call(request, user).await;
        vault.local().storage().used(vault.local().clock().now()).await?;
        Ok(answer)
    }

    /// By the keyring, if that may; else by the passphrase.
    async fn unlock(&self, asks: &dyn Asks, cancel: &Cancel) -> Result<UnlockedVault, VaultError> {
        match self.local.unlock_by_keyring(&DesktopKeyring).await {
            Ok(Some(vault)) => return Ok(vault),
            Ok(None) | Err(VaultError::Locked(_) | VaultError::Keyring(_)) => {}
            Err(error) => return Err(error),
        }
        match asks.passphrase(cancel.clone()).await {
            Some(passphrase) => self.local.unlock(&passphrase).await,
            None => Err(VaultError::Locked(keyfold_client::vault::Locked::OnRequest)),
        }
    }
}

/// Sends what the agent changes, and takes what others change, until it fails for good.
pub(crate) async fn sync(engine: &SyncEngine, shared: &Shared) -> Result<(), Failure> {
    let soon = async {
        loop {
            shared.changed().await;
            // What cannot be sent now goes with the next sync; the watch tells of an outage.
            drop(engine.sync().await);
        }
    };
    tokio::select! {
        stopped = engine.watch(|_| {}) => match stopped {
            Ok(never) => match never {},
            Err(error) => Err(error.into()),
        },
        never = soon => never,
    }
}
