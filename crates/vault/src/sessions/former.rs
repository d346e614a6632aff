use keyfold_crypto::MemberKeys;
use keyfold_ledger::{Body, Entry, Roster};
use keyfold_wire::{AccountId, MemberId};
use moka::sync::Cache;

use crate::storage::{Span, Storage, StorageError};

/// The keys of devices that were removed: with them a device proves that it may be told so.
pub(super) struct FormerKeys(Cache<(AccountId, MemberId), MemberKeys>);

impl FormerKeys {
    /// `None` if the device never belonged to the account.
    pub(super) async fn of(
        &self,
        storage: &dyn Storage,
        roster: &Roster,
        device: MemberId,
    ) -> Result<Option<MemberKeys>, StorageError> {
        if !roster.removed().contains(&device) {
            return Ok(None);
        }
        let key = (roster.account(), device);
        if let Some(keys) = self.0.get(&key) {
            return Ok(Some(keys));
        }
        let found = find(storage, roster, device).await?;
        if let Some(keys) = &found {
            self.0.insert(key, keys.clone());
        }
        Ok(found)
    }
}

/// Looks for the entry by which the device joined.
async fn find(storage: &dyn Storage, roster: &Roster, device: MemberId) -> Result<Option<MemberKeys>, StorageError> {
    let mut span = Span { first: 0, last: roster.seq() };
    while span.first <= span.last {
        let page = storage.entries(roster.account(), span, None, PAGE).await?;
        let Some(last) = page.last().map(|row| row.seq) else { break };
        for row in page {
            let entry = Entry::parse(&row.entry).map_err(|_| StorageError::Damaged("a roster does not verify"))?;
            let joined = match entry.body() {
                Body::Genesis(genesis) => Some(&genesis.device),
                Body::AddDevice(add) => Some(add.transcript.device()),
                _ => None,
            };
            if let Some(keys) = joined.filter(|keys| keys.id() == device) {
                return Ok(Some(keys.clone()));
            }
        }
        span.first = last.saturating_add(1);
    }
    Ok(None)
}

impl Default for FormerKeys {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

/// Of 1.3 KiB each.
const KEPT: u64 = 5_000;
const PAGE: u64 = 50;
