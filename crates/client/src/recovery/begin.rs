use std::{fmt, sync::Arc};

use keyfold_crypto::{SigningAlgorithm, random};
use keyfold_ledger::{Body as Said, Entry, PendingRecovery};
use keyfold_wire::{
    MemberId,
    v1::{self, roster_entry::Body},
};

use super::{
    FoundAccount, RecoverError,
    found::{Founding, begin_profile},
};
use crate::{
    device::{DeviceKeys, DeviceName, Passphrase, describe},
    storage::{Condition, Profile, Step, Storage, Write},
    sync::{AppendError, CreateError, EntryKeys},
    vault::{Held, VaultError},
};

/// The device that a code shall let in. Of its passphrase it prints nothing.
pub struct NewcomerByCode {
    /// What people call it.
    pub name: DeviceName,
    /// How it signs.
    pub algorithm: SigningAlgorithm,
    /// Under which its secrets rest.
    pub passphrase: Passphrase,
    /// The CA certificates in PEM that the profile pins.
    pub ca: Option<Vec<u8>>,
}

/// A recovery that every device of the account shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// The device that will join.
    pub device: MemberId,
    /// When it may, Unix milliseconds.
    pub due_at: u64,
}

impl fmt::Debug for NewcomerByCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewcomerByCode")
            .field("name", &self.name)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl FoundAccount {
    /// Begins the recovery: makes a device in `storage`, durably, and has the code name it. From here on every device of the
    /// account shows it.
    ///
    /// # Errors
    /// [`RecoverError`]; after a refusal the profile is as empty as before. Without an answer it waits: [`super::finish`]
    /// finds out.
    pub async fn begin(&self, storage: &dyn Storage, new: &NewcomerByCode) -> Result<Begun, RecoverError> {
        if storage.profile().await?.is_some() {
            return Err(CreateError::ProfileInUse.into());
        }
        let held = self.held().await?;
        refuse_another(&held, None)?;
        let keys = DeviceKeys::generate(new.algorithm, &mut random::system());
        let account = held.roster.account();
        let sealed_secrets = keys.seal(account, &new.passphrase).map_err(|error| VaultError::Secrets(error.into()))?;
        let profile = Profile {
            account,
            device: keys.id(),
            server: self.engine.api().anonymous().server().as_str().to_owned(),
            ca: new.ca.clone(),
            sealed_secrets,
            condition: Condition::Recovering,
            stopped: None,
        };
        begin_profile(storage, profile, &Founding::of(&held)?).await?;
        match self.announce(&keys, &new.name).await {
            Ok(begun) => Ok(begun),
            Err(error) => {
                if is_final(&error) {
                    let step = storage.step().await?;
                    storage.apply(&step, vec![Write::Erase]).await?;
                }
                Err(error)
            }
        }
    }

    async fn announce(&self, keys: &DeviceKeys, name: &DeviceName) -> Result<Begun, RecoverError> {
        let attempt = async |step: &Step, held: Held| {
            if held.roster.pending_recovery().is_some() {
                // This one, whose answer was lost, or another's: the look after it tells.
                return Ok(());
            }
            let body = v1::RecoveryBegin { device: Some(keys.public().to_wire()), description: Some(describe(name)) };
            let entry = self.engine.sign_entry(&held, Body::RecoveryBegin(body))?;
            self.engine.append(step, &held, entry, EntryKeys::default()).await
        };
        self.engine.while_the_roster_moves::<AppendError>(attempt).await?;
        let pending = pending(&self.look_again().await?, keys.id())?;
        Ok(Begun { device: keys.id(), due_at: pending.due_at })
    }
}

/// The recovery that lets this device in.
pub(super) fn pending(held: &Held, device: MemberId) -> Result<PendingRecovery, RecoverError> {
    refuse_another(held, Some(device))?;
    let names = |entry: &Entry| matches!(entry.body(), Said::RecoveryBegin(begin) if begin.device.id() == device);
    match held.roster.pending_recovery() {
        Some(pending) => Ok(pending.clone()),
        None if held.entries.iter().any(names) => Err(RecoverError::Cancelled(canceller(held))),
        None => Err(RecoverError::NeverBegan),
    }
}

fn refuse_another(held: &Held, device: Option<MemberId>) -> Result<(), RecoverError> {
    match held.roster.pending_recovery() {
        Some(pending) if Some(pending.device.id()) != device => {
            Err(RecoverError::AnotherRecovery(pending.description.name.clone()))
        }
        _ => Ok(()),
    }
}

/// Whose entry ended the latest recovery.
fn canceller(held: &Held) -> String {
    let ended = held.entries.iter().rfind(|entry| matches!(entry.body(), Said::RecoveryCancel(_) | Said::Remove(_)));
    ended.map_or_else(|| "an unknown device".to_owned(), |entry| held.name_of(&entry.author()))
}

/// Whether nothing of it can have reached the account.
fn is_final(error: &RecoverError) -> bool {
    match error {
        RecoverError::Api(error) | RecoverError::Sync(crate::sync::SyncError::Api(error)) => error.is_final(),
        RecoverError::AnotherRecovery(_)
        | RecoverError::Cancelled(_)
        | RecoverError::NeverBegan
        | RecoverError::OtherAccount
        | RecoverError::Append(_) => true,
        _ => false,
    }
}

/// For [`super::finish`].
pub(super) async fn forget(storage: &Arc<dyn Storage>) -> Result<(), RecoverError> {
    let step = storage.step().await?;
    Ok(storage.apply(&step, vec![Write::Erase]).await?)
}
