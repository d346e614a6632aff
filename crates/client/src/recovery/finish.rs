use std::sync::Arc;

use keyfold_crypto::{
    SUITE,
    epoch::{SealContext, sealed_hash},
    random,
    recovery::RecoveryCode,
};
use keyfold_wire::v1::{self, AddDevice, RecoveryTranscript, SealedKey, add_device::Transcript, roster_entry::Body};
use prost::Message;

use super::{
    FoundAccount, RecoverError,
    begin::{forget, pending},
};
use crate::{
    api::{Api, MemberApi},
    device::{DeviceKeys, Passphrase, SecretsError},
    enrolment::is_member,
    storage::{Condition, Step, Storage, Write},
    sync::{AppendError, EntryKeys, Progress, SyncEngine},
    vault::{Held, LocalVault, UnlockedVault, VaultError, open_secrets},
};

/// Goes on with the recovery that was begun in `storage`: once its delay has passed, lets the device in, and takes the whole
/// vault. The code is needed again, for nothing of it was kept. What comes then is
/// [`SyncEngine::replace_recovery`](crate::sync::SyncEngine::replace_recovery): before it the device may not write.
///
/// # Errors
/// [`RecoverError`]; the recovery goes on waiting, unless it was [cancelled](RecoverError::Cancelled).
pub async fn finish(
    storage: Arc<dyn Storage>,
    api: &Api,
    code: &RecoveryCode,
    passphrase: &Passphrase,
    progress: Arc<dyn Progress>,
) -> Result<UnlockedVault, RecoverError> {
    let profile = storage.profile().await?.filter(|profile| profile.condition == Condition::Recovering);
    let profile = profile.ok_or(RecoverError::NotBegun)?;
    let clock = api.clock();
    let (account, keys) = open_secrets(storage.as_ref(), clock.as_ref(), &profile.sealed_secrets, passphrase).await?;
    if account != profile.account || keys.id() != profile.device {
        return Err(VaultError::from(SecretsError::Contents).into());
    }
    let keys = Arc::new(keys);
    // The answer to the entry that let it in may have been lost.
    if !is_member(&MemberApi::new(api.clone(), account, Arc::clone(&keys))).await? {
        let found = match FoundAccount::find(api, code, Arc::clone(&progress)).await {
            Ok(found) if found.held().await?.roster.account() == account => found,
            Ok(_) => return Err(RecoverError::OtherAccount),
            Err(error) => return Err(error),
        };
        match found.let_in(&keys).await {
            Ok(()) => {}
            Err(error @ (RecoverError::Cancelled(_) | RecoverError::NeverBegan)) => {
                forget(&storage).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
    }
    let step = storage.step().await?;
    storage.apply(&step, vec![Write::Condition(Condition::Joining)]).await?;
    drop(step);
    let vault = LocalVault::open(storage, api.clock()).await?.unlocked_with(&keys);
    let engine = SyncEngine::new(vault, api.clone()).with_progress(progress);
    engine.sync().await?;
    Ok(engine.vault().clone())
}

impl FoundAccount {
    /// Lets the device in that the pending recovery names.
    async fn let_in(&self, keys: &DeviceKeys) -> Result<(), RecoverError> {
        let pending = pending(&self.held().await?, keys.id())?;
        if pending.due_at > self.engine.api().anonymous().now() {
            return Err(RecoverError::Waits(pending.due_at));
        }
        let attempt = async |step: &Step, held: Held| {
            let still = held.roster.pending_recovery().is_some_and(|still| still.begin == pending.begin);
            if !still {
                // It stands, and its answer was lost; or it was stopped. The look after it tells.
                return Ok(());
            }
            let account = held.roster.account();
            let epoch_keys = self.engine.vault().epoch_keys(&held);
            let (epoch, key) = epoch_keys.current().ok_or(crate::sync::SyncError::NoEpochKey)?;
            let context = SealContext { account, epoch, member: keys.id(), prev: held.roster.head() };
            let sealed = key.seal(keys.public().wrapping(), &context, &mut random::system());
            let transcript = RecoveryTranscript {
                suite: SUITE,
                account: account.to_vec(),
                begin: pending.begin.to_vec(),
                device: Some(keys.public().to_wire()),
            };
            let transcript = transcript.encode_to_vec();
            let signature = keys.author.signing.sign_bytes::<RecoveryTranscript>(&transcript);
            let add = AddDevice {
                transcript: Some(Transcript::Recovery(transcript)),
                signature: signature.as_bytes().to_vec(),
                sealed_key_hash: sealed_hash(&sealed).to_vec(),
            };
            let entry = self.engine.sign_entry(&held, Body::AddDevice(add))?;
            let sealed: Vec<v1::SealedKey> = vec![SealedKey { member: keys.id().to_vec(), sealed }];
            self.engine.append(step, &held, entry, EntryKeys { sealed, links: Vec::new() }).await
        };
        self.engine.while_the_roster_moves::<AppendError>(attempt).await?;
        let held = self.held().await?;
        match held.roster.device(&keys.id()) {
            Some(_) => Ok(()),
            None => super::begin::pending(&held, keys.id()).and(Err(RecoverError::NotBegun)),
        }
    }
}
