use std::sync::Arc;

use keyfold_crypto::Hash;
use keyfold_ledger::{Entry, Member, Removed, Roster};
use keyfold_wire::{AccountId, MemberId};
use moka::sync::Cache;

use crate::storage::{Heads, Span, Standing, Storage, StorageError};

/// Verified rosters. A roster is built from the stored entries, with every signature checked again, and kept under the
/// head that names it: it never becomes stale, only unused.
pub(crate) struct Rosters {
    storage: Arc<dyn Storage>,
    verified: Cache<(AccountId, Hash), Arc<Roster>>,
}

/// Why there is no account to work on.
#[derive(Debug, thiserror::Error)]
pub enum AccountUnavailable {
    /// Never created on this server.
    #[error("this server has no such account")]
    Unknown,
    /// Deleted by one of its devices, for good.
    #[error("the account was deleted")]
    Deleted,
    /// It could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Rosters {
    pub(crate) fn new(storage: Arc<dyn Storage>) -> Self {
        let verified = Cache::builder().weigher(|_, roster: &Arc<Roster>| weight(roster)).max_capacity(MEMORY).build();
        Self { storage, verified }
    }

    /// Where the account stands in the database now, and its roster there.
    pub(crate) async fn current(&self, account: AccountId) -> Result<(Heads, Arc<Roster>), AccountUnavailable> {
        let heads = standing(self.storage.as_ref(), account).await?;
        Ok((heads, self.at(account, &heads).await?))
    }

    /// The roster at these heads.
    pub(crate) async fn at(&self, account: AccountId, heads: &Heads) -> Result<Arc<Roster>, AccountUnavailable> {
        let key = (account, heads.roster_head);
        if let Some(roster) = self.verified.get(&key) {
            return Ok(roster);
        }
        let roster = Arc::new(self.rebuild(account, heads).await?);
        self.verified.insert(key, Arc::clone(&roster));
        Ok(roster)
    }

    /// Keeps a roster that was verified just now.
    pub(crate) fn keep(&self, roster: Arc<Roster>) {
        self.verified.insert((roster.account(), roster.head()), roster);
    }

    async fn rebuild(&self, account: AccountId, heads: &Heads) -> Result<Roster, AccountUnavailable> {
        let mut roster: Option<Roster> = None;
        let mut first = 0;
        while first <= heads.roster_seq {
            let span = Span { first, last: heads.roster_seq };
            let page = self.storage.entries(account, span, None, PAGE).await?;
            if page.is_empty() {
                return Err(missing(self.storage.as_ref(), account, "a roster entry is missing").await);
            }
            for row in page {
                let entry = Entry::parse(&row.entry).map_err(|_| BROKEN)?;
                let next = match &roster {
                    None => Roster::genesis(&entry),
                    Some(roster) => roster.append(&entry),
                };
                roster = Some(next.map_err(|_| BROKEN)?);
                first = row.seq.saturating_add(1);
            }
        }
        roster.filter(|roster| roster.account() == account && roster.head() == heads.roster_head).ok_or(BROKEN)
    }
}

/// Where the account stands, if it is there.
pub(crate) async fn standing(storage: &dyn Storage, account: AccountId) -> Result<Heads, AccountUnavailable> {
    match storage.standing(account).await? {
        Standing::Active(heads) => Ok(heads),
        Standing::Deleted => Err(AccountUnavailable::Deleted),
        Standing::Unknown => Err(AccountUnavailable::Unknown),
    }
}

/// Why rows are not there: their account was deleted while they were read, or else the database is damaged.
pub(crate) async fn missing(storage: &dyn Storage, account: AccountId, what: &'static str) -> AccountUnavailable {
    match standing(storage, account).await {
        Ok(_) => StorageError::Damaged(what).into(),
        Err(gone) => gone,
    }
}

const BROKEN: AccountUnavailable = AccountUnavailable::Storage(StorageError::Damaged("a roster does not verify"));
/// About how many bytes a roster takes in memory.
fn weight(roster: &Roster) -> u32 {
    let members = roster.members().len().saturating_mul(size_of::<(MemberId, Member)>() + ON_THE_HEAP);
    let removed = roster.removed().len().saturating_mul(size_of::<(MemberId, Removed)>() + KEY);
    let epochs = size_of_val(roster.epochs());
    let bytes = size_of::<Roster>().saturating_add(members).saturating_add(removed).saturating_add(epochs);
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// A member's keys and names.
const ON_THE_HEAP: usize = 1_600;
/// A signing key's bytes.
const KEY: usize = 65;
/// Bytes of all rosters in memory.
const MEMORY: u64 = 64 * 1024 * 1024;
const PAGE: u64 = 100;
