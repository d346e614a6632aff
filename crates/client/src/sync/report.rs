use keyfold_wire::ItemId;

use crate::storage::Fault;

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Roster entries that came.
    pub entries_pulled: u64,
    /// Commits that came.
    pub commits_pulled: u64,
    /// Items that came, each in its latest revision.
    pub items_pulled: u64,
    /// Items that were sent and acknowledged.
    pub items_pushed: u64,
    /// Items that were encrypted anew under the current epoch's key.
    pub items_reencrypted: u64,
    /// Items that were purged: deleted 30 days ago.
    pub items_purged: u64,
    /// Items that still are not: the account's room on the server is used up.
    pub items_without_room: u64,
    /// Items that came and are quarantined.
    pub quarantined: Vec<(ItemId, Fault)>,
    /// Why a tenant could not be told what waits for it; the next sync tries again.
    pub tenants: Option<String>,
}

impl SyncReport {
    /// Whether nothing came and nothing was sent.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries_pulled == 0
            && self.commits_pulled == 0
            && self.items_pushed == 0
            && self.items_reencrypted == 0
            && self.items_purged == 0
    }

    pub(super) fn add(&mut self, other: Self) {
        self.entries_pulled += other.entries_pulled;
        self.commits_pulled += other.commits_pulled;
        self.items_pulled += other.items_pulled;
        self.items_pushed += other.items_pushed;
        self.items_reencrypted += other.items_reencrypted;
        self.items_purged += other.items_purged;
        self.items_without_room += other.items_without_room;
        self.quarantined.extend(other.quarantined);
        self.tenants = other.tenants.or_else(|| self.tenants.take());
    }
}
