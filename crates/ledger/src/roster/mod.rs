//! The roster: who belongs to an account, and the rules by which that changes.

mod error;
mod membership;
mod recovery;
mod rotation;

use std::collections::BTreeMap;

use keyfold_crypto::{Hash, MemberKeys, VerifyingKey};
use keyfold_wire::{AccountId, MemberId, TenantId};

use crate::{Body, Description, Entry, Genesis, vault_zero};

pub use error::RosterError;
pub use recovery::PendingRecovery;
pub use rotation::Epoch;

/// The roster chain at a head: what the next entry is held against, and who may write to the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    account: AccountId,
    seq: u64,
    head: Hash,
    at: u64,
    vault_head: Hash,
    log_key: VerifyingKey,
    members: BTreeMap<MemberId, Member>,
    removed: BTreeMap<MemberId, Removed>,
    epochs: Vec<Epoch>,
    pending: Option<PendingRecovery>,
    /// Devices that came by recovery, each with the recovery member that it must still replace.
    owing: BTreeMap<MemberId, MemberId>,
    tenants: BTreeMap<TenantId, String>,
    recoveries: u64,
}

/// An active member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its public keys.
    pub keys: MemberKeys,
    /// What it may do.
    pub role: Role,
    /// When it joined, Unix milliseconds.
    pub joined_at: u64,
    /// The roster entry by which it joined.
    pub joined_seq: u64,
}

/// What a member may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Everything but Genesis.
    Device(Device),
    /// Begin a recovery and, once its delay has passed, add the one device that it named.
    Recovery {
        /// How long its recoveries wait, milliseconds.
        delay: u64,
    },
}

/// A device as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name, platform and agent.
    pub description: Description,
}

/// A member that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// What it signed with.
    pub signing: VerifyingKey,
    /// The roster entry that removed it.
    pub seq: u64,
}

impl Roster {
    /// The roster of an account that begins with this entry.
    ///
    /// # Errors
    /// [`RosterError`] for anything but a genesis signed by the device that it names.
    pub fn genesis(entry: &Entry) -> Result<Self, RosterError> {
        let Body::Genesis(Genesis { device, description, log_key }) = entry.body() else {
            return Err(RosterError::NotGenesis);
        };
        let zeros = entry.prev() == Hash::ZERO && entry.vault_head() == Hash::ZERO;
        if entry.seq() != 0 || !zeros || entry.author() != device.id() {
            return Err(RosterError::NotGenesis);
        }
        entry.verify(device.signing())?;
        let first = Member {
            keys: device.clone(),
            role: Role::Device(Device { description: description.clone() }),
            joined_at: entry.at(),
            joined_seq: 0,
        };
        Ok(Self {
            account: entry.account_id(),
            seq: 0,
            head: entry.hash(),
            at: entry.at(),
            vault_head: Hash::ZERO,
            log_key: log_key.clone(),
            members: BTreeMap::from([(device.id(), first)]),
            removed: BTreeMap::new(),
            epochs: Vec::new(),
            pending: None,
            owing: BTreeMap::new(),
            tenants: BTreeMap::new(),
            recoveries: 0,
        })
    }

    /// Holds an entry against this state and gives the state after it.
    ///
    /// That the entry's `vault_head` is the vault's is [`Account::append`](crate::Account::append)'s to check, or the
    /// server's in the transaction that stores it.
    ///
    /// # Errors
    /// [`RosterError`]: the first rule that does not hold. Nothing has changed.
    pub fn append(&self, entry: &Entry) -> Result<Self, RosterError> {
        self.check_place(entry)?;
        let author = self.members.get(&entry.author()).ok_or(RosterError::NotAMember(entry.author()))?;
        entry.verify(author.keys.signing())?;
        self.check_authority(author, entry)?;
        let mut next = Self {
            seq: entry.seq(),
            head: entry.hash(),
            at: entry.at(),
            vault_head: entry.vault_head(),
            ..self.clone()
        };
        next.apply(entry)?;
        Ok(next)
    }

    fn check_place(&self, entry: &Entry) -> Result<(), RosterError> {
        if Some(entry.seq()) != self.seq.checked_add(1) || entry.prev() != self.head {
            return Err(RosterError::NotNext);
        }
        if entry.at() < self.at {
            return Err(RosterError::TimeGoesBack);
        }
        let begins = matches!(entry.body(), Body::Rotate(_)) && entry.vault_head() == vault_zero(&self.account);
        if self.seq == 0 && !begins {
            return Err(RosterError::FirstRotation);
        }
        Ok(())
    }

    /// Who may say what: a recovery member little, a recovered device first one thing, every other device everything.
    fn check_authority(&self, author: &Member, entry: &Entry) -> Result<(), RosterError> {
        match (&author.role, entry.body()) {
            (_, Body::Genesis(_)) => Err(RosterError::NotAllowed),
            (Role::Recovery { .. }, Body::RecoveryBegin(_) | Body::AddDevice(_)) => Ok(()),
            (Role::Recovery { .. }, _) | (Role::Device(_), Body::RecoveryBegin(_)) => Err(RosterError::NotAllowed),
            (Role::Device(_), body) => self.check_owed(&entry.author(), body),
        }
    }

    fn apply(&mut self, entry: &Entry) -> Result<(), RosterError> {
        match entry.body() {
            Body::Genesis(_) => Err(RosterError::NotAllowed),
            Body::Rotate(rotation) => self.rotate(rotation, entry),
            Body::AddDevice(add) => self.add_device(add, entry),
            Body::Remove(remove) => self.remove(remove, entry),
            Body::AddRecovery(add) => self.add_recovery(&add.member, entry),
            Body::RecoveryBegin(begin) => self.begin_recovery(begin, entry),
            Body::RecoveryCancel(begin) => self.cancel_recovery(begin),
            Body::JoinTenant(tenant, name) => self.join_tenant(*tenant, name),
            Body::LeaveTenant(tenant) => self.leave_tenant(tenant),
            Body::RenameDevice(device, name) => self.rename(device, name),
            Body::ReplaceLogKey(log_key) => self.replace_log_key(log_key),
        }
    }

    /// The keys of an active device: who may author commits.
    #[must_use]
    pub fn author(&self, device: &MemberId) -> Option<&MemberKeys> {
        self.device(device).map(|(member, _)| &member.keys)
    }

    /// An active device.
    #[must_use]
    pub fn device(&self, device: &MemberId) -> Option<(&Member, &Device)> {
        self.members.get(device).and_then(|member| match &member.role {
            Role::Device(device) => Some((member, device)),
            Role::Recovery { .. } => None,
        })
    }

    /// The active devices, ascending by id.
    pub fn devices(&self) -> impl Iterator<Item = (MemberId, &Member, &Device)> {
        self.members.iter().filter_map(|(id, member)| match &member.role {
            Role::Device(device) => Some((*id, member, device)),
            Role::Recovery { .. } => None,
        })
    }

    /// The recovery member, if one is set up.
    #[must_use]
    pub fn recovery(&self) -> Option<(MemberId, &Member)> {
        self.members.iter().find_map(|(id, member)| match member.role {
            Role::Recovery { .. } => Some((*id, member)),
            Role::Device(_) => None,
        })
    }

    /// All active members, ascending by id: to whom an epoch key is sealed.
    #[must_use]
    pub const fn members(&self) -> &BTreeMap<MemberId, Member> {
        &self.members
    }

    /// Members that were removed; their ids never return.
    #[must_use]
    pub const fn removed(&self) -> &BTreeMap<MemberId, Removed> {
        &self.removed
    }

    /// What a member signs with, or signed with before it was removed: who is told that it is no member proves by it that
    /// it was one.
    #[must_use]
    pub fn signing_key(&self, member: &MemberId) -> Option<&VerifyingKey> {
        let active = self.members.get(member).map(|member| member.keys.signing());
        active.or_else(|| self.removed.get(member).map(|removed| &removed.signing))
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The latest entry's position.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The latest entry's hash.
    #[must_use]
    pub const fn head(&self) -> Hash {
        self.head
    }

    /// The latest entry's time.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The vault's head at the latest entry.
    #[must_use]
    pub const fn vault_head(&self) -> Hash {
        self.vault_head
    }

    /// What receipts are signed with.
    #[must_use]
    pub const fn log_key(&self) -> &VerifyingKey {
        &self.log_key
    }

    /// How often a recovery code has brought a device in.
    #[must_use]
    pub const fn recoveries(&self) -> u64 {
        self.recoveries
    }

    /// The tenants that the account has joined, with the names that its user confirmed.
    #[must_use]
    pub const fn tenants(&self) -> &BTreeMap<TenantId, String> {
        &self.tenants
    }
}
