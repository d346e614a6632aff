use async_trait::async_trait;
use keyfold_policy::State;
use keyfold_wire::{AccountId, MemberId, TenantId};

use super::{Device, Standing, StorageError};

/// A compliance policy as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its name, which no other of the tenant's has.
    pub name: String,
    /// The policy, JSON.
    pub policy: String,
    /// Unix milliseconds.
    pub changed_at: u64,
}

/// How a device was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The device, as it was before.
    pub before: Device,
    /// By which of the tenant's policies: [`Policies::changes`].
    pub policies: u64,
    /// When, Unix milliseconds.
    pub at: u64,
    /// What has come of it, if that is why it was judged.
    pub news: Option<News>,
    /// Since when which rules fail: JSON.
    pub failing: String,
    /// Where it stands.
    pub compliance: State,
    /// When that counts no more, Unix milliseconds.
    pub compliance_until: u64,
    /// What becomes of leaves that the device has.
    pub leaves: Standing,
}

/// A tenant's compliance policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    /// How often they have changed, at most until these were read.
    pub changes: u64,
    /// The policies, by name.
    pub rows: Vec<PolicyRow>,
}

/// What became of a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It counts.
    Done,
    /// The device is not as it was before, or the policies are others: it is to be judged again.
    Moved,
    /// The device is not there.
    Gone,
}

/// Why a device is judged anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It has told how it is kept: JSON.
    Posture(String),
    /// Another device management has told something of it: JSON.
    External(String),
}

/// Which device, of which account, in which tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceKey {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: MemberId,
}

/// How devices are kept, and the rules for that.
#[async_trait]
pub trait PostureStorage: Send + Sync {
    /// The tenant's compliance policies.
    async fn compliance_policies(&self, tenant: TenantId) -> Result<Policies, StorageError>;

    /// Adds a policy, or puts it in place of the one with its name. From the same moment no judgement of the tenant's counts that lets
    /// a device in: each is due.
    async fn set_compliance_policy(&self, tenant: TenantId, policy: PolicyRow) -> Result<(), StorageError>;

    /// Removes a policy, with the same effect; whether it was there.
    async fn remove_compliance_policy(&self, tenant: TenantId, name: &str) -> Result<bool, StorageError>;

    /// Keeps how a device was judged, if it and the policies are what it was judged by, and its leaves stand accordingly. Where it stands
    /// elsewhere than before, reports of its account are to be asked for anew.
    async fn judged(&self, tenant: TenantId, judged: Judged) -> Result<Kept, StorageError>;

    /// Devices that were let in and whose judgement counts no more at `now`, in the order of their keys, after this one.
    async fn judgements_due(
        &self,
        now: u64,
        after: Option<DeviceKey>,
        limit: u64,
    ) -> Result<Vec<DeviceKey>, StorageError>;
}
