use keyfold_authenticator::{Authenticator, CtapError, DeviceMemory, Model, UnixMillis, UserVerification};
use keyfold_crypto::random;

use super::{DeviceRecords, PasskeySnapshot, UnlockedVault, VaultError};

/// A vault as a CTAP2 authenticator, from power-up to power-off. One request at a time.
pub struct CtapAuthenticator {
    vault: UnlockedVault,
    /// `None` while a request is served, and after one that broke off.
    powered: Option<Powered>,
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
        self.powered = Some(powered.await?.map_err(|_| unavailable())?);
        Ok(())
    }

    /// Serves one request (command byte ‖ CBOR); the answer is a status byte ‖ CBOR. What it changes is durable on this
    /// device before the answer is given; the next sync sends it. The prompt may wait: it is asked on a thread of its own.
    pub async fn call(&mut self, request: Vec<u8>, user: Box<dyn UserVerification + Send>) -> Vec<u8> {
        self.serve(request, user).await.unwrap_or_else(|_| vec![CtapError::Other.code()])
    }

    async fn serve(
        &mut self,
        request: Vec<u8>,
        mut user: Box<dyn UserVerification + Send>,
    ) -> Result<Vec<u8>, VaultError> {
        if self.powered.is_none() {
            self.power_cycle().await?;
        }
        let snapshot = self.snapshot().await?;
        let mut powered = self.powered.take().ok_or_else(unavailable)?;
        let now = self.now();
        let served = blocking(move || {
            *powered.store_mut() = snapshot;
            let answer = powered.call(&request, user.as_mut(), now);
            (powered, answer)
        });
        let (mut powered, answer) = served.await?;
        self.vault.keep(powered.store_mut()).await?;
        self.powered = Some(powered);
        Ok(answer)
    }

    async fn snapshot(&self) -> Result<PasskeySnapshot, VaultError> {
        self.vault.snapshot_with(DeviceRecords::live(&self.vault).await?).await
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
        let mut records = DeviceRecords::live(self).await?;
        blocking(move || work(&mut records)).await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, VaultError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| unavailable())
}

fn unavailable() -> VaultError {
    VaultError::Damaged("the authenticator broke off".to_owned())
}
