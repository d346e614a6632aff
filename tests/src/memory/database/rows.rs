use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use keyfold_vault::storage::{
    AccountId, Element, EnrolmentId, EnrolmentRow, Fences, Hash, Heads, InviteRow, ItemId, KEPT_REVISIONS, MemberId,
    ServerKey, SetState, Signed,
};

/// What a database holds. To copy it costs little: rows are shared until they are written.
#[derive(Clone, Default)]
pub(super) struct Rows {
    pub(super) accounts: BTreeMap<AccountId, Arc<Account>>,
    /// With the hash of the request that deleted it.
    pub(super) deleted: BTreeMap<AccountId, Hash>,
    pub(super) enrolments: BTreeMap<EnrolmentId, (String, EnrolmentRow)>,
    /// When a window began, and the wrong guesses of it.
    pub(super) guesses: BTreeMap<(AccountId, MemberId), (u64, u16)>,
    pub(super) nonces: BTreeMap<(AccountId, [u8; 16]), u64>,
    pub(super) invites: Vec<InviteRow>,
    pub(super) log_keys: Vec<ServerKey>,
    pub(super) session_keys: Vec<ServerKey>,
}

#[derive(Clone)]
pub(super) struct Account {
    pub(super) heads: Heads,
    pub(super) vault_at: u64,
    pub(super) count: u64,
    pub(super) elements: u64,
    pub(super) bytes_used: u64,
    pub(super) created_at: u64,
    pub(super) set: SetState,
    pub(super) behind: bool,
    pub(super) fences: Fences,
    pub(super) lookup: Option<Hash>,
    /// By seq, from the genesis on.
    pub(super) entries: Vec<Arc<Entry>>,
    /// By seq, from commit 1 on.
    pub(super) commits: Vec<Arc<Commit>>,
    pub(super) revisions: BTreeMap<(ItemId, u64), Arc<Revision>>,
    pub(super) purges: BTreeSet<(u64, ItemId)>,
}

pub(super) struct Entry {
    pub(super) vault_seq: u64,
    pub(super) entry: Signed,
    pub(super) sealed_keys: BTreeMap<MemberId, Vec<u8>>,
    pub(super) links: BTreeMap<u64, Vec<u8>>,
}

pub(super) struct Commit {
    pub(super) roster_seq: u64,
    pub(super) commit: Signed,
}

#[derive(Clone)]
pub(super) struct Revision {
    pub(super) seq: u64,
    pub(super) element: Element,
    pub(super) envelope: Option<Vec<u8>>,
}

impl Revision {
    pub(super) fn size(&self) -> u64 {
        self.envelope.as_ref().map_or(0, |envelope| u64::try_from(envelope.len()).unwrap())
    }
}

impl Account {
    /// The latest revision of an item.
    pub(super) fn latest(&self, item: ItemId) -> Option<&Revision> {
        self.revisions.range((item, 0)..=(item, u64::MAX)).next_back().map(|(_, revision)| revision.as_ref())
    }

    /// Bytes that come free when this item takes a further revision.
    pub(super) fn reclaimed(&self, item: ItemId) -> u64 {
        let next = self.latest(item).map_or(0, |latest| latest.element.revision) + 1;
        let oldest = next.checked_sub(KEPT_REVISIONS).and_then(|oldest| self.revisions.get(&(item, oldest)));
        oldest.map_or(0, |oldest| oldest.size())
    }

    /// An envelope is kept no longer.
    pub(super) fn drop_envelope(&mut self, item: ItemId, revision: u64) -> u64 {
        let Some(revision) = self.revisions.get_mut(&(item, revision)) else { return 0 };
        let size = revision.size();
        Arc::make_mut(revision).envelope = None;
        size
    }
}

impl Rows {
    pub(super) fn account(&mut self, account: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(&account).map(Arc::make_mut)
    }
}
