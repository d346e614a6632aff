use std::sync::Arc;

use keyfold_crypto::{random, recovery::RecoveryCode};
use keyfold_ledger::{Account, Entry, Vault};
use keyfold_wire::{AccountId, v1::ProblemCode};

use super::RecoverError;
use crate::{
    api::{Api, ApiError, Frame, MemberApi, PullFrom},
    device::DeviceKeys,
    storage::{Condition, Profile, SqliteStorage, Storage, Write},
    sync::{ChainFailure, Progress, SyncEngine, check_clock},
    vault::{Held, LocalVault, Status},
};

/// An account that a recovery code belongs to, as its recovery member sees it: verified from the genesis and commit 1 on, for
/// there is no approver whose heads could be trusted. Nothing was changed, here or there.
pub struct FoundAccount {
    /// Speaks and signs as the recovery member; what it pulled is in memory.
    pub(super) engine: SyncEngine,
}

impl FoundAccount {
    /// Looks for the account that this code belongs to.
    ///
    /// # Errors
    /// [`RecoverError`].
    pub async fn find(api: &Api, code: &RecoveryCode, progress: Arc<dyn Progress>) -> Result<Self, RecoverError> {
        let info = api.server_info().await?;
        check_clock(api.now(), info.time)?;
        let accounts = match api.accounts_by_recovery(&code.lookup()).await {
            Err(error) if error.code() == Some(ProblemCode::NotFound) => return Err(RecoverError::Unknown),
            found => found?,
        };
        for account in accounts {
            let keys = code.keys(&account).map_err(|_| RecoverError::OtherAccount)?;
            let keys = Arc::new(DeviceKeys::of_recovery(keys, &mut random::system()));
            let founding = match founding(api, account, &keys).await {
                Err(RecoverError::Api(error)) if is_no_member(&error) => continue,
                founding => founding?,
            };
            let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::in_memory().await?);
            let profile = Profile {
                account,
                device: keys.id(),
                server: api.server().as_str().to_owned(),
                ca: None,
                sealed_secrets: Vec::new(),
                condition: Condition::Active,
                stopped: None,
            };
            begin_profile(storage.as_ref(), profile, &founding).await?;
            let vault = LocalVault::open(storage, api.clock()).await?.unlocked_with(&keys);
            let found = Self { engine: SyncEngine::new(vault, api.clone()).with_progress(progress) };
            found.look_again().await?;
            return Ok(found);
        }
        Err(RecoverError::OtherAccount)
    }

    /// Takes what came since, and makes sure that the account is still the code's.
    pub(super) async fn look_again(&self) -> Result<Held, RecoverError> {
        let step = self.engine.storage().step().await?;
        self.engine.pull(&step).await?;
        let held = self.held().await?;
        let own = self.engine.vault().keys().public();
        // Whatever the server says: only the roster's own recovery member, with exactly the derived keys.
        let is_own = held.roster.recovery().is_some_and(|(_, member)| member.keys == *own);
        if is_own { Ok(held) } else { Err(RecoverError::OtherAccount) }
    }

    /// Both chains.
    ///
    /// # Errors
    /// [`RecoverError`].
    pub async fn held(&self) -> Result<Held, RecoverError> {
        Ok(self.engine.vault().local().held().await?)
    }

    /// What its user confirms: the devices, how many passkeys, and what is pending.
    ///
    /// # Errors
    /// [`RecoverError`].
    pub async fn status(&self) -> Result<Status, RecoverError> {
        Ok(self.engine.vault().local().status().await?)
    }

    /// When the last commit was made, by its author's clock, Unix milliseconds; `None` for a vault that was never written. A
    /// server may keep later ones back: the user should know this time.
    ///
    /// # Errors
    /// [`RecoverError`].
    pub async fn last_commit_at(&self) -> Result<Option<u64>, RecoverError> {
        let held = self.held().await?;
        Ok(held.vault.as_ref().filter(|vault| vault.seq() > 0).map(Vault::at))
    }
}

/// The genesis and the first rotation, which must be this account's.
pub(super) struct Founding {
    entries: [Entry; 2],
    account: Account,
}

async fn founding(api: &Api, account: AccountId, keys: &Arc<DeviceKeys>) -> Result<Founding, RecoverError> {
    let member = MemberApi::new(api.clone(), account, Arc::clone(keys));
    let mut stream = member.pull(PullFrom::Nothing).await?;
    let mut entries = Vec::new();
    while let Some(frame) = stream.frame().await? {
        match frame {
            Frame::Entry(entry) => entries.push(Entry::parse(&entry)?),
            Frame::Heads(_) | Frame::SealedKey(_) | Frame::Link(_) => {}
            _ => break,
        }
        if entries.len() == 2 {
            break;
        }
    }
    let entries: [Entry; 2] = entries.try_into().map_err(|_| ChainFailure::Withheld("the account's founding"))?;
    let founded = Account::found(&entries[0], &entries[1])?;
    if founded.roster().account() != account {
        return Err(RecoverError::OtherAccount);
    }
    Ok(Founding { entries, account: founded })
}

/// A profile that holds the account as it was founded; the next pull brings all that came after, and verifies it.
pub(super) async fn begin_profile(
    storage: &dyn Storage,
    profile: Profile,
    founding: &Founding,
) -> Result<(), RecoverError> {
    let step = storage.step().await?;
    let entry = |entry: &Entry| Write::Entry { seq: entry.seq(), entry: entry.signed().clone() };
    let writes = vec![
        Write::Profile(Box::new(profile)),
        entry(&founding.entries[0]),
        entry(&founding.entries[1]),
        Write::Vault(Box::new(founding.account.vault().parts().clone())),
    ];
    Ok(storage.apply(&step, writes).await?)
}

impl Founding {
    /// That of an account which is held.
    pub(super) fn of(held: &Held) -> Result<Self, RecoverError> {
        let missing = || ChainFailure::Withheld("the account's founding");
        let [genesis, rotation, ..] = held.entries.as_slice() else { return Err(missing().into()) };
        let entries = [genesis.clone(), rotation.clone()];
        let account = Account::found(&entries[0], &entries[1])?;
        Ok(Self { entries, account })
    }
}

fn is_no_member(error: &ApiError) -> bool {
    matches!(
        error.code(),
        Some(
            ProblemCode::Unauthenticated
                | ProblemCode::NotAMember
                | ProblemCode::NotFound
                | ProblemCode::AccountDeleted
        )
    )
}
