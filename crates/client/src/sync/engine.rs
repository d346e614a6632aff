use std::{sync::Arc, time::Duration};

use keyfold_crypto::random;
use keyfold_ledger::MAX_CHANGES;

use super::{AppendError, ChainFailure, Progress, Quiet, SyncError, SyncReport, push::Pushed, reencrypt::Reencrypted};
use crate::{
    api::{Api, MemberApi},
    device::Keyring,
    evidence::PostureSource,
    storage::{Condition, Step, Stop, Storage, Write},
    vault::{Held, UnlockedVault, VaultError},
};

/// Syncs one unlocked profile with its server.
pub struct SyncEngine {
    pub(super) vault: UnlockedVault,
    pub(super) api: MemberApi,
    pub(super) progress: Arc<dyn Progress>,
    pub(super) keyring: Option<Arc<dyn Keyring>>,
    posture: Option<Arc<dyn PostureSource>>,
}

impl SyncEngine {
    /// An engine for a vault, over its server's API.
    #[must_use]
    pub fn new(vault: UnlockedVault, api: Api) -> Self {
        let api = MemberApi::new(api, vault.local().profile().account, Arc::clone(vault.keys()));
        Self { vault, api, progress: Arc::new(Quiet), keyring: None, posture: None }
    }

    /// Tells somebody how far long pulls have come.
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// The keyring that may have a key of this device: it forgets it when the device is removed from the account.
    #[must_use]
    pub fn with_keyring(mut self, keyring: Arc<dyn Keyring>) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// Who tells the account's tenants how this device is kept; without that they are told nothing.
    #[must_use]
    pub fn with_posture(mut self, posture: Arc<dyn PostureSource>) -> Self {
        self.posture = Some(posture);
        self
    }

    /// The vault that is synced.
    #[must_use]
    pub const fn vault(&self) -> &UnlockedVault {
        &self.vault
    }

    /// The server's API as this device sees it.
    #[must_use]
    pub const fn api(&self) -> &MemberApi {
        &self.api
    }

    /// Pulls, merges, and pushes until nothing is left to send; then encrypts anew what is still under an earlier epoch's key,
    /// and purges what was deleted 30 days ago.
    ///
    /// # Errors
    /// [`SyncError`]; what was pulled and acknowledged before stays.
    pub async fn sync(&self) -> Result<SyncReport, SyncError> {
        let mut report = SyncReport::default();
        let (mut room, mut races) = (MAX_CHANGES, 0);
        while races < MAX_RACES {
            self.exchange(&mut report).await?;
            match self.reencrypt(room, &mut report).await? {
                Reencrypted::AsFarAsItGoes => {
                    self.purge(&mut report).await?;
                    report.tenants = self.tell_tenants().await;
                    return Ok(report);
                }
                // Others have their turn in between, and edits go first.
                Reencrypted::Some => races = 0,
                Reencrypted::HeadMoved => {
                    tokio::time::sleep(jitter(races)).await;
                    races += 1;
                }
                Reencrypted::TooLarge(smaller) => room = smaller,
            }
        }
        Err(SyncError::Busy)
    }

    /// Takes what others wrote, and sends nothing.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn look(&self) -> Result<SyncReport, SyncError> {
        let step = self.storage().step().await?;
        self.check_condition().await?;
        self.pull(&step).await
    }

    /// Pulls, merges, and pushes until no edit is left to send; nothing is encrypted anew.
    ///
    /// # Errors
    /// [`SyncError`]; what was pulled and acknowledged before stays.
    pub async fn send_edits(&self) -> Result<SyncReport, SyncError> {
        let mut report = SyncReport::default();
        self.exchange(&mut report).await?;
        report.tenants = self.tell_tenants().await;
        Ok(report)
    }

    /// Why tenants could not be told what waits for them: the vault is in sync all the same.
    async fn tell_tenants(&self) -> Option<String> {
        let posture = self.posture.as_ref()?;
        self.serve_tenants(posture.as_ref()).await.err().map(|error| error.to_string())
    }

    async fn exchange(&self, report: &mut SyncReport) -> Result<(), SyncError> {
        for race in 0..MAX_RACES {
            let step = self.storage().step().await?;
            self.check_condition().await?;
            report.add(self.pull(&step).await?);
            self.reopen(&step).await?;
            self.resend_entry(&step).await.map_err(AppendError::into_sync)?;
            match self.push_all(&step, report).await? {
                Pushed::Everything => return Ok(()),
                Pushed::HeadMoved => {}
            }
            drop(step);
            tokio::time::sleep(jitter(race)).await;
        }
        Err(SyncError::Busy)
    }

    /// Lets sync go on after it was stopped: the next one holds the server's history against this device's again.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn resume(&self) -> Result<(), SyncError> {
        let step = self.storage().step().await?;
        Ok(self.storage().apply(&step, vec![Write::Stopped(None)]).await?)
    }

    /// Keeps why sync is stopped, so that it stays so until the user acts, and what proves it to others.
    pub(super) async fn stop(&self, step: &Step, failure: &ChainFailure) -> SyncError {
        let mut detail = failure.to_string();
        let mut writes = vec![Write::Sweep];
        if *failure == ChainFailure::Forked
            && let Some(proof) = self.proof_of_fork().await
        {
            detail.push_str("; this device keeps the proof, which `keyfold fork-proof FILE` writes into a file");
            writes.push(Write::Proof(proof.as_bytes().to_vec()));
        }
        let stop = Stop { code: failure.code().to_owned(), detail, at: self.vault.local().clock().now() };
        writes.push(Write::Stopped(Some(stop.clone())));
        match self.storage().apply(step, writes).await {
            Ok(()) => SyncError::Stopped(stop),
            Err(error) => error.into(),
        }
    }

    pub(super) async fn check_condition(&self) -> Result<(), SyncError> {
        let Some(profile) = self.storage().profile().await? else {
            let farewell = self.storage().farewell().await?;
            return Err(farewell.map_or(VaultError::NoProfile, VaultError::Removed).into());
        };
        match (profile.stopped, profile.condition) {
            (Some(stop), _) => Err(SyncError::Stopped(stop)),
            (None, Condition::Creating) => Err(SyncError::NotCreated),
            (None, Condition::Enrolling) => Err(VaultError::Enrolling.into()),
            (None, Condition::Recovering) => Err(VaultError::Recovering.into()),
            (None, Condition::Joining | Condition::Active) => Ok(()),
        }
    }

    pub(super) async fn held(&self) -> Result<Held, SyncError> {
        Ok(self.vault.local().held().await?)
    }

    pub(crate) fn storage(&self) -> &Arc<dyn Storage> {
        self.vault.storage()
    }
}

/// A random pause before the next attempt, so that devices that raced do not race again.
pub(super) fn jitter(race: u32) -> Duration {
    let [random] = random::bytes::<1>(&mut random::system());
    Duration::from_millis(u64::from(random) << race.min(4) >> 2)
}

/// Each lost race is another device's commit: far more than the devices that an account may have.
pub(super) const MAX_RACES: u32 = 128;
