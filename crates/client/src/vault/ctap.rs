use std::sync::Arc;

use keyfold_authenticator::{Authenticator, Channel, CtapError, DeviceMemory, Model, UnixMillis, UserVerification};
use keyfold_crypto::random;

use super::{DeviceRecords, PasskeySnapshot, UnlockedVault, VaultError};

/// A vault as a CTAP2 authenticator, from power-up to power-off. One request at a time.
pub struct CtapAuthenticator {
    vault: UnlockedVault,
    /// `None` while a request is served, and after one that broke off.
    powered: Option<Powered>,
}

/// What became of a request.
pub struct Served {
    /// A status byte ‖ CBOR.
    pub answer: Vec<u8>,
    /// Whether the vault says something that is worth a sync. That a passkey was used is not.
    pub is_to_send: bool,
}

type Powered = Authenticator<PasskeySnapshot, random::System>;

impl CtapAuthenticator {
    /// Powers up.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn power_up(vault: UnlockedVault) -> Result<Self, VaultError> {
        let mut authenticator = Self { vault, powered: None };
        authenticator.power_cycle().await?;
        Ok(authenticator)
    }

    /// Takes the power away and gives it back.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn power_cycle(&mut self) -> Result<(), VaultError> {
        let snapshot = self.snapshot().await?;
        let now = self.now();
        let powered = blocking(move || {
            let mut authenticator = Authenticator::new(Model::SYNCED, snapshot, random::system());
            authenticator.power_cycle(now).map(|()| authenticator)
        });
        let mut powered = powered.await?.map_err(|_| unavailable())?;
        // It is read anew for each request; until then no passkey lies in memory.
        powered.store_mut().forget();
        self.powered = Some(powered);
        Ok(())
    }

    /// Serves one request (command byte ‖ CBOR). What it changes is durable on this device before the answer is given; the next
    /// sync sends it. The prompt may wait: it is asked on a thread of its own.
    ///
    /// A vault that somebody has locked meanwhile gives no answer, and keeps nothing.
    pub async fn call(&mut self, channel: Channel, request: Vec<u8>, user: Box<dyn UserVerification + Send>) -> Served {
        let served = self.serve(channel, request, user).await;
        served.unwrap_or_else(|_| Served { answer: vec![CtapError::Other.code()], is_to_send: false })
    }

    async fn serve(
        &mut self,
        channel: Channel,
        request: Vec<u8>,
        mut user: Box<dyn UserVerification + Send>,
    ) -> Result<Served, VaultError> {
        if self.powered.is_none() {
            self.power_cycle().await?;
        }
        let snapshot = self.snapshot().await?;
        let mut powered = self.powered.take().ok_or_else(unavailable)?;
        let clock = Arc::clone(self.vault.local().clock());
        let served = blocking(move || {
            *powered.store_mut() = snapshot;
            let answer = powered.call_on(channel, &request, user.as_mut(), &|| UnixMillis(clock.now()));
            (powered, answer)
        });
        let (mut powered, answer) = served.await?;
        let store = powered.store_mut();
        let is_to_send = answer.first() == Some(&SUCCESS) && !store.says_only_that_it_was_used();
        let kept = match answer.first() {
            Some(&SUCCESS) => self.vault.keep(store).await.map(drop),
            // What is refused has changed nothing.
            _ => {
                store.forget();
                Ok(())
            }
        };
        self.powered = Some(powered);
        kept.map(|()| Served { answer, is_to_send })
    }

    async fn snapshot(&self) -> Result<PasskeySnapshot, VaultError> {
        let stored = self.vault.local().stored().await?;
        self.vault.snapshot_with(&stored, DeviceRecords::live(&self.vault, &stored)?)
    }

    fn now(&self) -> UnixMillis {
        UnixMillis(self.vault.local().clock().now())
    }
}

impl UnlockedVault {
    /// Works with what this device's authenticator keeps of itself, such as to verify or set its PIN.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn with_device<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn DeviceMemory) -> T + Send + 'static,
    ) -> Result<T, VaultError> {
        let mut records = DeviceRecords::live(self, &*self.local().stored().await?)?;
        blocking(move || work(&mut records)).await
    }
}

const SUCCESS: u8 = 0x00;

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, VaultError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| unavailable())
}

fn unavailable() -> VaultError {
    VaultError::Damaged("the authenticator broke off".to_owned())
}
