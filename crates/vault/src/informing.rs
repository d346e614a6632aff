//! What the informed half may know of an account: what its roster says, and what its devices have signed to be told.

use std::{collections::BTreeMap, sync::Arc};

use keyfold_crypto::{Signable, signing};
use keyfold_ledger::Roster;
use keyfold_wire::{AccountId, MemberId, TenantId, v1::Signed};

use crate::{
    AccountUnavailable, Caller,
    rosters::Rosters,
    storage::{RosterNews, Storage, StorageError},
};

/// Tells the informed half of rosters.
pub struct Informing {
    storage: Arc<dyn Storage>,
    rosters: Arc<Rosters>,
}

/// What an account's roster says to whoever is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterFacts {
    /// The number of its last entry.
    pub seq: u64,
    /// The tenants that it has joined, under the names that its user confirmed.
    pub tenants: BTreeMap<TenantId, String>,
    /// Its active devices, with their names.
    pub devices: Vec<(MemberId, String)>,
    /// Its recovery members.
    pub recovery_members: u64,
    /// How often a recovery code has brought a device in.
    pub recoveries: u64,
}

/// Why a message of a device is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// There is no account.
    #[error(transparent)]
    Account(#[from] AccountUnavailable),
    /// The device is not active in it.
    #[error("this device is not (or no longer) active in the account")]
    NotAMember,
    /// The signature is none of the device's, or the message is not in its form.
    #[error(transparent)]
    Signature(#[from] signing::SignatureError),
}

impl Informing {
    pub(crate) fn new(storage: Arc<dyn Storage>, rosters: Arc<Rosters>) -> Self {
        Self { storage, rosters }
    }

    /// What an account's roster says now; `None` for one that was deleted or never was.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn facts(&self, account: AccountId) -> Result<Option<RosterFacts>, StorageError> {
        match self.rosters.current(account).await {
            Ok((_, roster)) => Ok(Some(RosterFacts::from(roster.as_ref()))),
            Err(AccountUnavailable::Unknown | AccountUnavailable::Deleted) => Ok(None),
            Err(AccountUnavailable::Storage(error)) => Err(error),
        }
    }

    /// A message that a device of the account has signed.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub async fn signed<M: Signable>(&self, caller: &Caller, signed: &Signed) -> Result<M, NotSigned> {
        let (_, roster) = self.rosters.current(caller.account).await?;
        let keys = roster.author(&caller.device).ok_or(NotSigned::NotAMember)?;
        Ok(signing::verify::<M>(keys.signing(), signed)?)
    }

    /// Whose roster has moved since it was [heard](Self::heard) of: some of them, in the order of their ids, after this one.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn news(&self, after: Option<AccountId>) -> Result<Vec<RosterNews>, StorageError> {
        self.storage.roster_news(after, AT_ONCE).await
    }

    /// It was looked at.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn heard(&self, news: RosterNews) -> Result<(), StorageError> {
        self.storage.heard(news).await
    }
}

impl From<&Roster> for RosterFacts {
    fn from(roster: &Roster) -> Self {
        let devices = roster.devices().map(|(id, _, device)| (id, device.description.name.clone()));
        Self {
            seq: roster.seq(),
            tenants: roster.tenants().clone(),
            devices: devices.collect(),
            recovery_members: u64::from(roster.recovery().is_some()),
            recoveries: roster.recoveries(),
        }
    }
}

const AT_ONCE: u64 = 100;
