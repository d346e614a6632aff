//! Who is in a tenant, and how they come and go.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use async_trait::async_trait;
use data_encoding::BASE32_NOPAD;
use keyfold_wire::{AccountId, MemberId, TenantId};
use sha2::{Digest, Sha256};

use crate::{
    Clock,
    clock::DAY,
    devices::is_there,
    random::{self, NoRandomness},
    storage::{
        Device, Facts, InviteHash, Joined, Member, MemberInvite, NewMember, NewMemberInvite, Storage, StorageError,
    },
    text::{self, NotAName},
};

/// What the other half of the server knows of accounts: their rosters, which their devices have signed.
#[async_trait]
pub trait Rosters: Send + Sync {
    /// What an account's roster says now; `None` for one that was deleted or never was.
    async fn roster(&self, account: AccountId) -> Result<Option<Roster>, StorageError>;
}

/// What an account's roster says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// The tenants that it has joined, under the names that its user confirmed.
    pub tenants: BTreeMap<TenantId, String>,
    /// The rest.
    pub facts: Facts,
}

/// What an administrator hands to one person: 26 letters and digits. Prints as such; `Debug` prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberCode([u8; 16]);

/// A text is no such code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invite has 26 letters and digits")]
pub struct NotAMemberCode;

/// What somebody is invited to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The tenant.
    pub tenant: TenantId,
    /// What it is called: what a user confirms, and the roster entry has.
    pub name: String,
}

/// Why an account is no member.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// There is no such tenant.
    #[error("there is no such tenant here")]
    NoTenant,
    /// The person's name is none.
    #[error("the person's name: {0}")]
    Name(#[from] NotAName),
    /// The invite is unknown, has expired or was used.
    #[error("the invite is unknown, expired or used: ask the tenant's administrator for another")]
    Invite,
    /// The account's roster does not say that it joins this tenant under its name.
    #[error("no device of the account has signed that it joins this tenant under this name")]
    NotSigned,
    /// It is no member of this tenant.
    #[error("the account is no member of this tenant")]
    NoMember,
    /// The device is not in the account.
    #[error("the tenant knows no such device")]
    NoDevice,
    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// It cannot be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Who is in a tenant: by an invite of its administrator, and by a roster entry that the account's own device has signed.
pub struct Members {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    rosters: Arc<dyn Rosters>,
}

impl Members {
    pub(crate) fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, rosters: Arc<dyn Rosters>) -> Self {
        Self { storage, clock, rosters }
    }

    /// Makes an invite for one person, good for so many days. Only its hash is stored: it is shown this once.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn invite(&self, tenant: TenantId, name: &str, days: u16) -> Result<MemberCode, MemberError> {
        self.storage.tenant(tenant).await?.ok_or(MemberError::NoTenant)?;
        let code = MemberCode(random::bytes()?);
        let created_at = self.clock.now().0;
        let expires_at = created_at.saturating_add(u64::from(days).saturating_mul(DAY));
        let invite = NewMemberInvite { hash: code.hash(), name: text::name(name)?, created_at, expires_at };
        self.storage.add_member_invite(tenant, invite).await?;
        Ok(code)
    }

    /// The latest invites, the newest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn invites(&self, tenant: TenantId) -> Result<Vec<MemberInvite>, StorageError> {
        self.storage.member_invites(tenant, LISTED).await
    }

    /// To which tenant a code invites an account. It is not used by that.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn invitation(&self, account: AccountId, code: &MemberCode) -> Result<Invitation, MemberError> {
        let invite = self.storage.member_invite(code.hash()).await?.ok_or(MemberError::Invite)?;
        let is_free = invite.account.is_none() && invite.invite.expires_at > self.clock.now().0;
        if !is_free && invite.account != Some(account) {
            return Err(MemberError::Invite);
        }
        let tenant = self.storage.tenant(invite.tenant).await?.ok_or(MemberError::NoTenant)?;
        Ok(Invitation { tenant: tenant.id, name: tenant.name })
    }

    /// Makes an account a member whose roster says that it joins this tenant. The same again is no error.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn join(&self, tenant: TenantId, account: AccountId, code: &MemberCode) -> Result<(), MemberError> {
        let row = self.storage.tenant(tenant).await?.ok_or(MemberError::NoTenant)?;
        let roster = self.rosters.roster(account).await?.ok_or(MemberError::NotSigned)?;
        if roster.tenants.get(&tenant) != Some(&row.name) {
            return Err(MemberError::NotSigned);
        }
        let member = NewMember { account, at: self.clock.now().0, invite: code.hash(), facts: roster.facts };
        match self.storage.join(tenant, member).await? {
            Joined::Done => Ok(()),
            Joined::Refused => Err(MemberError::Invite),
        }
    }

    /// Looks at the account's roster: who has left the tenant is no member, and a device that is gone from the roster is gone.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn refresh(&self, account: AccountId) -> Result<(), StorageError> {
        let tenants = self.storage.tenants_of(account).await?;
        if tenants.is_empty() {
            return Ok(());
        }
        let roster = self.rosters.roster(account).await?;
        let at = self.clock.now().0;
        for tenant in tenants {
            match &roster {
                Some(roster) if roster.tenants.contains_key(&tenant) => {
                    self.storage.take_facts(tenant, account, roster.facts.clone(), at).await?;
                }
                _ => self.storage.leave(tenant, account, at).await?,
            }
        }
        Ok(())
    }

    /// A member and its devices, as its roster has them now.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn get(&self, tenant: TenantId, account: AccountId) -> Result<(Member, Vec<Device>), MemberError> {
        self.refresh(account).await?;
        self.known(tenant, account).await
    }

    /// A member and its devices, as they were known last.
    pub(crate) async fn known(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<(Member, Vec<Device>), MemberError> {
        let member = self.storage.member(tenant, account).await?.filter(|member| member.left_at.is_none());
        let member = member.ok_or(MemberError::NoMember)?;
        Ok((member, self.storage.devices_of(tenant, account).await?))
    }

    /// Whether a device is one of a member's, as its roster has it now.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn check(&self, tenant: TenantId, account: AccountId, device: MemberId) -> Result<(), MemberError> {
        self.refresh(account).await?;
        let member = self.storage.member(tenant, account).await?.filter(|member| member.left_at.is_none());
        member.ok_or(MemberError::NoMember)?;
        let row = self.storage.device(tenant, account, device).await?.filter(is_there);
        row.map(drop).ok_or(MemberError::NoDevice)
    }

    /// The tenant's members, those who left too, after this one.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn list(&self, tenant: TenantId, after: Option<AccountId>) -> Result<Vec<Member>, StorageError> {
        self.storage.members(tenant, after, LISTED).await
    }

    /// An account's devices, removed ones too, as they were known last.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn devices(&self, tenant: TenantId, account: AccountId) -> Result<Vec<Device>, StorageError> {
        self.storage.devices_of(tenant, account).await
    }

    /// Notes that a device has exported its account's vault: `record` is what the device has signed of it. After very many, one more
    /// makes no difference to anybody.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn exported(&self, tenant: TenantId, account: AccountId, record: &[u8]) -> Result<(), StorageError> {
        self.storage.exported(tenant, account, Sha256::digest(record).into(), self.clock.now().0, MOST_EXPORTS).await?;
        Ok(())
    }
}

impl MemberCode {
    fn hash(&self) -> InviteHash {
        InviteHash(Sha256::new_with_prefix(INVITE).chain_update(self.0).finalize().into())
    }
}

impl FromStr for MemberCode {
    type Err = NotAMemberCode;

    fn from_str(text: &str) -> Result<Self, NotAMemberCode> {
        let bytes = BASE32_NOPAD.decode(text.trim().to_ascii_uppercase().as_bytes()).map_err(|_| NotAMemberCode)?;
        bytes.try_into().map(Self).map_err(|_| NotAMemberCode)
    }
}

impl fmt::Display for MemberCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Debug for MemberCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemberCode(..)")
    }
}

const INVITE: &[u8] = b"keyfold/v1/member-invite";
/// Of an account. Those that are told of them are told of many long before.
const MOST_EXPORTS: u64 = 10_000;
const LISTED: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_and_debug_tells_nothing() {
        let code = MemberCode([9; 16]);
        assert_eq!(code.to_string().parse(), Ok(code.clone()));
        assert_eq!(format!("{code:?}"), "MemberCode(..)");
        assert_eq!("short".parse::<MemberCode>(), Err(NotAMemberCode));
    }
}
