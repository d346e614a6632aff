use async_trait::async_trait;
use keyfold_policy::State;
use keyfold_wire::{AccountId, MemberId, TenantId};

use super::StorageError;

/// What is stored of an invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InviteHash(pub [u8; 32]);

/// An invite for one person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMemberInvite {
    /// By which it is found.
    pub hash: InviteHash,
    /// What administrators call the person.
    pub name: String,
    /// Unix milliseconds.
    pub created_at: u64,
    /// Unix milliseconds.
    pub expires_at: u64,
}

/// An invite as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberInvite {
    /// Of which tenant.
    pub tenant: TenantId,
    /// What it says.
    pub invite: NewMemberInvite,
    /// Who has used it.
    pub account: Option<AccountId>,
}

/// An account in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which.
    pub account: AccountId,
    /// What administrators call the person.
    pub name: String,
    /// Unix milliseconds.
    pub joined_at: u64,
    /// When it left, Unix milliseconds.
    pub left_at: Option<u64>,
    /// What is known of its roster.
    pub facts: Facts,
    /// How often its vault was exported, as its devices have said.
    pub exports: u64,
}

/// What an account's roster says, as of one entry of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The entry's number.
    pub roster_seq: u64,
    /// Its recovery members.
    pub recovery_members: u64,
    /// How often a recovery code has brought a device in.
    pub recoveries: u64,
    /// Its active devices, with their names.
    pub devices: Vec<(MemberId, String)>,
}

/// A device of an account in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Of which account.
    pub account: AccountId,
    /// Which.
    pub device: MemberId,
    /// What its user calls it.
    pub name: String,
    /// When the tenant first heard of it, Unix milliseconds.
    pub seen_at: u64,
    /// When it was removed, or its account left, Unix milliseconds.
    pub removed_at: Option<u64>,
    /// What it, or evidence of it, says of how it is kept: JSON.
    pub posture: Option<String>,
    /// What another device management says of it: JSON.
    pub external: Option<String>,
    /// Since when which rules fail: JSON.
    pub failing: String,
    /// Where it stood to the rules when that was judged last.
    pub compliance: State,
    /// When that counts no more, Unix milliseconds.
    pub compliance_until: u64,
}

/// An account that joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// Which.
    pub account: AccountId,
    /// Unix milliseconds.
    pub at: u64,
    /// By which invite.
    pub invite: InviteHash,
    /// What its roster says.
    pub facts: Facts,
}

/// What became of a joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// It is a member, by this invite; perhaps since before.
    Done,
    /// The invite is unknown, has expired, or somebody else has used it.
    Refused,
}

/// What became of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// They are what is known now.
    Done,
    /// Later ones are known already, or the account is no member.
    Passed,
}

/// Who is in a tenant.
#[async_trait]
pub trait MemberStorage: Send + Sync {
    /// Keeps an invite.
    async fn add_member_invite(&self, tenant: TenantId, invite: NewMemberInvite) -> Result<(), StorageError>;

    /// The invite with this hash, of whichever tenant.
    async fn member_invite(&self, hash: InviteHash) -> Result<Option<MemberInvite>, StorageError>;

    /// The latest invites of a tenant, the newest first.
    async fn member_invites(&self, tenant: TenantId, limit: u64) -> Result<Vec<MemberInvite>, StorageError>;

    /// Uses the invite for the account, which is a member from then on; the name is the invite's.
    async fn join(&self, tenant: TenantId, member: NewMember) -> Result<Joined, StorageError>;

    /// The tenants that the account is a member of now.
    async fn tenants_of(&self, account: AccountId) -> Result<Vec<TenantId>, StorageError>;

    /// A tenant's members, those who left too, in the order of their ids, after this one.
    async fn members(
        &self,
        tenant: TenantId,
        after: Option<AccountId>,
        limit: u64,
    ) -> Result<Vec<Member>, StorageError>;

    /// One of them.
    async fn member(&self, tenant: TenantId, account: AccountId) -> Result<Option<Member>, StorageError>;

    /// Takes what the roster says. Devices that are not in it are removed: their leaves count no more; reports of the account are
    /// to be asked for anew where anything has changed.
    async fn take_facts(
        &self,
        tenant: TenantId,
        account: AccountId,
        facts: Facts,
        at: u64,
    ) -> Result<Taken, StorageError>;

    /// The account is no member any more: nothing that was issued to it counts.
    async fn leave(&self, tenant: TenantId, account: AccountId, at: u64) -> Result<(), StorageError>;

    /// Counts an export once, by the hash of its record; reports of the account are to be asked for anew. Whether it is new: of an account
    /// that has `most`, none is.
    async fn exported(
        &self,
        tenant: TenantId,
        account: AccountId,
        record: [u8; 32],
        at: u64,
        most: u64,
    ) -> Result<bool, StorageError>;

    /// The devices of an account, removed ones too.
    async fn devices_of(&self, tenant: TenantId, account: AccountId) -> Result<Vec<Device>, StorageError>;

    /// A device of an account in a tenant.
    async fn device(
        &self,
        tenant: TenantId,
        account: AccountId,
        device: MemberId,
    ) -> Result<Option<Device>, StorageError>;

    /// The accounts of a tenant that have this device now: one key may be in several.
    async fn accounts_of(&self, tenant: TenantId, device: MemberId) -> Result<Vec<AccountId>, StorageError>;

    /// A tenant's devices that are not removed, in the order of their accounts' ids and their own, after this one.
    async fn devices(
        &self,
        tenant: TenantId,
        after: Option<(AccountId, MemberId)>,
        limit: u64,
    ) -> Result<Vec<Device>, StorageError>;
}
