use std::time::Duration;

use keyfold_crypto::{
    Hash, MemberKeys,
    epoch::{SealContext, sealed_hash},
    random,
    recovery::{RecoveryCode, lookup_hash},
};
use keyfold_wire::{
    AccountId, MemberId,
    v1::{self, roster_entry::Body},
};

use super::{AppendError, EntryKeys, SyncEngine, SyncError, append::RosterMoved};
use crate::{
    storage::{Step, StorageError},
    vault::{Held, VaultError},
};

/// Why an account's recovery code is not set up, replaced, removed or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// There is one.
    #[error("the account has a recovery code; `keyfold recovery create --replace` makes another in its place")]
    Exists,
    /// There is none.
    #[error("the account has no recovery code; `keyfold recovery create` makes one")]
    Absent,
    /// Nobody is using it.
    #[error("no recovery is under way: it was stopped, or has come to its end")]
    NotUnderWay,
    /// The entry did not get into the roster.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<SyncError> for RecoveryError {
    fn from(error: SyncError) -> Self {
        Self::Append(error.into())
    }
}

impl From<StorageError> for RecoveryError {
    fn from(error: StorageError) -> Self {
        Self::Append(error.into())
    }
}

impl RosterMoved for RecoveryError {
    fn is_roster_moved(&self) -> bool {
        matches!(self, Self::Append(error) if error.is_roster_moved())
    }
}

/// What a code comes to in one account.
struct Derived {
    id: MemberId,
    keys: MemberKeys,
    member: v1::RecoveryMember,
}

impl Derived {
    fn of(code: &RecoveryCode, account: &AccountId, delay: Duration) -> Result<Self, SyncError> {
        let keys = code.keys(account).map_err(|_| VaultError::BadValue)?.public();
        let member = v1::RecoveryMember {
            keys: Some(keys.to_wire()),
            delay: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            lookup_hash: lookup_hash(&code.lookup()).to_vec(),
        };
        Ok(Self { id: keys.id(), keys, member })
    }
}

impl SyncEngine {
    /// Gives the account a recovery code, which its user has written down. Whoever holds it lets a device in, after the delay
    /// (at most 30 days), unless a device of the account stops it.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn add_recovery(&self, code: &RecoveryCode, delay: Duration) -> Result<(), RecoveryError> {
        let attempt = async |step: &Step, held: Held| {
            let account = held.roster.account();
            let Derived { id, keys, member } = Derived::of(code, &account, delay)?;
            match held.roster.recovery() {
                // The answer to an attempt before was lost.
                Some((there, _)) if there == id => return Ok(()),
                Some(_) => return Err(RecoveryError::Exists),
                None => {}
            }
            let epoch_keys = self.vault.epoch_keys(&held);
            let (epoch, key) = epoch_keys.current().ok_or(SyncError::NoEpochKey)?;
            let context = SealContext { account, epoch, member: id, prev: held.roster.head() };
            let sealed = key.seal(keys.wrapping(), &context, &mut random::system());
            let add = v1::AddRecovery { member: Some(member), sealed_key_hash: sealed_hash(&sealed).to_vec() };
            let entry = self.sign_entry(&held, Body::AddRecovery(add))?;
            let sealed = vec![v1::SealedKey { member: id.to_vec(), sealed }];
            Ok(self.append(step, &held, entry, EntryKeys { sealed, links: Vec::new() }).await?)
        };
        self.while_the_roster_moves(attempt).await
    }

    /// Puts another code in the place of the account's, and removes these devices, all in one entry, which begins an epoch. A
    /// recovered device does this before anything else.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn replace_recovery(
        &self,
        code: &RecoveryCode,
        delay: Duration,
        gone: &[MemberId],
    ) -> Result<(), RecoveryError> {
        let own = self.vault.keys().id();
        let attempt = async |step: &Step, held: Held| {
            let Derived { id, keys, member } = Derived::of(code, &held.roster.account(), delay)?;
            let old = match held.roster.recovery() {
                Some((there, _)) if there == id => return Ok(()),
                Some((there, _)) => there,
                None => return Err(RecoveryError::Absent),
            };
            let active = gone.iter().copied().filter(|device| *device != own && held.roster.device(device).is_some());
            let mut members: Vec<MemberId> = active.chain([old]).collect();
            members.sort_unstable();
            members.dedup();
            let (rotation, keys) = self.next_epoch(&held, &members, Some((id, keys)))?;
            let members = members.iter().map(|member| member.to_vec()).collect();
            let remove = v1::Remove { members, rotation: Some(rotation), replacement: Some(member) };
            let entry = self.sign_entry(&held, Body::Remove(remove))?;
            Ok(self.append(step, &held, entry, keys).await?)
        };
        self.while_the_roster_moves(attempt).await
    }

    /// Removes the account's recovery code: it brings nothing back any more, and a recovery that is under way ends.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn remove_recovery(&self) -> Result<(), RecoveryError> {
        let attempt = async |step: &Step, held: Held| {
            let (old, _) = held.roster.recovery().ok_or(RecoveryError::Absent)?;
            let (rotation, keys) = self.next_epoch(&held, &[old], None)?;
            let remove = v1::Remove { members: vec![old.to_vec()], rotation: Some(rotation), replacement: None };
            let entry = self.sign_entry(&held, Body::Remove(remove))?;
            Ok(self.append(step, &held, entry, keys).await?)
        };
        self.while_the_roster_moves(attempt).await
    }

    /// Stops the recovery that the entry with this hash began. It stays stopped.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn cancel_recovery(&self, begin: Hash) -> Result<(), RecoveryError> {
        let attempt = async |step: &Step, held: Held| {
            if held.roster.pending_recovery().is_none_or(|pending| pending.begin != begin) {
                return Err(RecoveryError::NotUnderWay);
            }
            let cancel = v1::RecoveryCancel { begin: begin.to_vec() };
            let entry = self.sign_entry(&held, Body::RecoveryCancel(cancel))?;
            Ok(self.append(step, &held, entry, EntryKeys::default()).await?)
        };
        self.while_the_roster_moves(attempt).await
    }
}
