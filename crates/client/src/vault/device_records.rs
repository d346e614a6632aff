use std::sync::{Arc, Mutex, PoisonError};

use keyfold_authenticator::{DeviceMemory, DeviceState, StoreError};
use keyfold_crypto::random;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use super::{UnlockedVault, VaultError, stored::Stored};
use crate::{
    clock::Clock,
    storage::{AuthenticatorRecord, StorageError},
};

/// What this device's authenticator keeps of itself, sealed under the device's secrets.
pub struct DeviceRecords {
    clock: Arc<dyn Clock>,
    state: State,
    foreign_blobs: Zeroizing<Vec<u8>>,
    /// As they are kept, sealed.
    foreign_blobs_before: Option<Vec<u8>>,
}

enum State {
    /// As it was once; it cannot be changed.
    Read(DeviceState),
    Live(Live),
}

/// The state as it is at each moment. It waits for the storage, so it belongs on a thread that may.
struct Live {
    vault: UnlockedVault,
    runtime: Handle,
    /// What was last read, sealed: only that is replaced.
    before: Mutex<Option<Vec<u8>>>,
}

impl DeviceRecords {
    /// To be read only.
    pub(super) fn read(vault: &UnlockedVault, stored: &Stored) -> Result<Self, VaultError> {
        let state = opened(vault, stored.authenticator.as_deref())?;
        Self::with(vault, stored, State::Read(state))
    }

    /// To be read and changed, on a thread that may wait for the runtime that this is called in.
    pub(super) fn live(vault: &UnlockedVault, stored: &Stored) -> Result<Self, VaultError> {
        let live = Live { vault: vault.clone(), runtime: Handle::current(), before: Mutex::default() };
        Self::with(vault, stored, State::Live(live))
    }

    fn with(vault: &UnlockedVault, stored: &Stored, state: State) -> Result<Self, VaultError> {
        let before = stored.foreign_blobs.clone();
        let opened =
            before.as_deref().map(|sealed| open(vault, AuthenticatorRecord::ForeignBlobs, sealed)).transpose()?;
        let clock = Arc::clone(vault.local().clock());
        Ok(Self { clock, state, foreign_blobs: opened.unwrap_or_default(), foreign_blobs_before: before })
    }

    pub(super) fn now(&self) -> u64 {
        self.clock.now()
    }

    pub(super) fn foreign_blobs(&self) -> &[u8] {
        &self.foreign_blobs
    }

    pub(super) async fn keep_foreign_blobs(&mut self, vault: &UnlockedVault, array: &[u8]) -> Result<(), VaultError> {
        let record = AuthenticatorRecord::ForeignBlobs;
        let after = (!array.is_empty()).then(|| seal(vault, record, array));
        let before = self.foreign_blobs_before.take();
        match vault.storage().replace_authenticator_record(record, before, after).await? {
            true => Ok(()),
            false => Err(StorageError::Busy.into()),
        }
    }

    /// Forgets all of it.
    pub(super) fn forget(&mut self) -> Result<(), StoreError> {
        let State::Live(live) = &self.state else { return Err(StoreError::Unavailable) };
        // What it says does not matter, nor whether it can be read.
        live.sealed()?;
        live.replace(None)?;
        self.foreign_blobs_before = None;
        live.forget(AuthenticatorRecord::ForeignBlobs)?;
        live.forget(AuthenticatorRecord::BoundKeys)
    }
}

impl DeviceMemory for DeviceRecords {
    fn device(&self) -> Result<DeviceState, StoreError> {
        match &self.state {
            State::Read(state) => Ok(state.clone()),
            State::Live(live) => live.read(),
        }
    }

    fn set_device(&mut self, state: &DeviceState) -> Result<(), StoreError> {
        let State::Live(live) = &self.state else { return Err(StoreError::Unavailable) };
        let encoded = state.encode().map_err(|_| StoreError::Unavailable)?;
        live.replace(Some(seal(&live.vault, AuthenticatorRecord::State, &encoded)))
    }
}

impl Live {
    fn read(&self) -> Result<DeviceState, StoreError> {
        let sealed = self.sealed()?;
        opened(&self.vault, sealed.as_deref()).map_err(|_| StoreError::Unavailable)
    }

    /// Forgets another record, whatever it says.
    fn forget(&self, record: AuthenticatorRecord) -> Result<(), StoreError> {
        let forgotten = async {
            let before = self.vault.storage().authenticator_record(record).await?;
            self.vault.storage().replace_authenticator_record(record, before, None).await
        };
        match self.runtime.block_on(forgotten) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(StoreError::Unavailable),
        }
    }

    fn sealed(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.vault.storage().authenticator_record(AuthenticatorRecord::State);
        let sealed = self.runtime.block_on(read).map_err(|_| StoreError::Unavailable)?;
        self.before.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&sealed);
        Ok(sealed)
    }

    /// Nobody's change in between is overwritten: an attempt at the PIN in another process counts as well.
    fn replace(&self, after: Option<Vec<u8>>) -> Result<(), StoreError> {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = self.vault.storage().replace_authenticator_record(
            AuthenticatorRecord::State,
            before.clone(),
            after.clone(),
        );
        match self.runtime.block_on(replaced) {
            Ok(true) => {
                *before = after;
                Ok(())
            }
            Ok(false) | Err(_) => Err(StoreError::Unavailable),
        }
    }
}

/// The state; where none was ever kept, that of a new device.
fn opened(vault: &UnlockedVault, sealed: Option<&[u8]>) -> Result<DeviceState, VaultError> {
    let Some(sealed) = sealed else { return Ok(DeviceState::default()) };
    let encoded = open(vault, AuthenticatorRecord::State, sealed)?;
    DeviceState::decode(&encoded).map_err(|error| VaultError::Damaged(error.to_string()))
}

pub(super) fn seal(vault: &UnlockedVault, record: AuthenticatorRecord, plaintext: &[u8]) -> Vec<u8> {
    vault.keys().local.seal(&context(vault, record), plaintext, &mut random::system())
}

pub(super) fn open(
    vault: &UnlockedVault,
    record: AuthenticatorRecord,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let opened = vault.keys().local.open(&context(vault, record), sealed);
    opened.map_err(|_| VaultError::Damaged("what the authenticator keeps of itself does not open".to_owned()))
}

/// `"authenticator" ‖ account (16) ‖ name`
fn context(vault: &UnlockedVault, record: AuthenticatorRecord) -> Vec<u8> {
    [b"authenticator".as_slice(), vault.local().profile().account.as_bytes(), record.name().as_bytes()].concat()
}
