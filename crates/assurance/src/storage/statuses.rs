use async_trait::async_trait;
use keyfold_policy::State;
use keyfold_wire::{AccountId, ClientId, MemberId, TenantId};

use super::StorageError;

/// A place in a tenant's status lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which list, counted from 1.
    pub list: u32,
    /// Where in it.
    pub index: u32,
}

/// Whether what stands at a place holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Valid,
    /// It does not any more.
    Invalid,
    /// It does not, and may again.
    Suspended,
}

/// Leaves for which places are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeavesOf {
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: MemberId,
    /// Where the device stands, as the leaves will say.
    pub compliance: State,
    /// How many there are.
    pub count: usize,
    /// How many the device may have at once, those that have not expired.
    pub most: u64,
    /// The time now, Unix milliseconds.
    pub now: u64,
    /// When they may be forgotten, Unix milliseconds.
    pub expires_at: u64,
}

/// What became of leaves, or of a report, for which places are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Places {
    /// They have these.
    Taken(Vec<Place>),
    /// The device, or the member, is not there, or stands elsewhere now.
    Otherwise,
    /// Too few of the drawn ones are free.
    NoRoom,
    /// The device has as many as it may have.
    Full,
}

/// Of what a report is, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportOf {
    /// For whom.
    pub client: ClientId,
    /// Whose passkey.
    pub account: AccountId,
    /// Which.
    pub tag: [u8; 32],
    /// The time now, Unix milliseconds.
    pub now: u64,
    /// When it may be forgotten, Unix milliseconds.
    pub expires_at: u64,
}

/// Where it stands whether leaves and reports hold.
#[async_trait]
pub trait StatusStorage: Send + Sync {
    /// Takes places for a device's leaves, all or none: those of the drawn ones that are free. The device must be there, let in, and
    /// stand where it is said to, which no judgement or removal changes until the places are taken.
    async fn take_places(
        &self,
        tenant: TenantId,
        of: LeavesOf,
        list: u32,
        drawn: &[u32],
    ) -> Result<Places, StorageError>;

    /// The place of the latest report of this that still holds, put off until it expires with this one; else one of the drawn ones that
    /// is free. Whatever ends reports of the account comes before, and is seen by who reads after this, or ends this one too.
    async fn report_place(
        &self,
        tenant: TenantId,
        of: ReportOf,
        list: u32,
        drawn: &[u32],
    ) -> Result<Places, StorageError>;

    /// How what has this place stands at `now`; `None` if nothing has it. A leaf whose device's judgement counts no more is suspended
    /// until there is another.
    async fn standing(&self, tenant: TenantId, place: Place, now: u64) -> Result<Option<Standing>, StorageError>;

    /// What stands elsewhere than at valid in a list at `now`: index and standing, each index once.
    async fn not_valid(&self, tenant: TenantId, list: u32, now: u64) -> Result<Vec<(u32, Standing)>, StorageError>;

    /// The last list that has anything.
    async fn last_list(&self, tenant: TenantId) -> Result<Option<u32>, StorageError>;

    /// How many places are taken in a list: they are counted, which takes its time.
    async fn taken(&self, tenant: TenantId, list: u32) -> Result<u64, StorageError>;

    /// Forgets what has expired; how much.
    async fn forget_statuses(&self, now: u64) -> Result<u64, StorageError>;
}
