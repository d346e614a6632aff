use keyfold_crypto::{Hash, MemberKeys};
use keyfold_wire::{AccountId, MemberId};

use super::{Role, Roster, RosterError};
use crate::{Body, Description, Entry, RecoveryBegin, RecoveryMember};

/// A recovery that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRecovery {
    /// The hash of the entry that began it.
    pub begin: Hash,
    /// The recovery member.
    pub member: MemberId,
    /// The keys of the device that will join.
    pub device: MemberKeys,
    /// What people read of it.
    pub description: Description,
    /// When it may end, Unix milliseconds.
    pub due_at: u64,
}

impl Roster {
    /// The recovery that waits, to be shown on every device.
    #[must_use]
    pub const fn pending_recovery(&self) -> Option<&PendingRecovery> {
        self.pending.as_ref()
    }

    /// For a device that came by recovery: the recovery member that it must replace before anything else.
    #[must_use]
    pub fn must_replace_recovery(&self, device: &MemberId) -> Option<MemberId> {
        self.owing.get(device).copied()
    }

    /// A recovered device's first entry removes the recovery member that was used and puts another in its place.
    pub(super) fn check_owed(&self, author: &MemberId, body: &Body) -> Result<(), RosterError> {
        let Some(owed) = self.must_replace_recovery(author) else { return Ok(()) };
        match body {
            Body::Remove(remove) if remove.members.contains(&owed) && remove.replacement.is_some() => Ok(()),
            _ => Err(RosterError::RecoveryUnfinished),
        }
    }

    pub(super) fn add_recovery(&mut self, member: &RecoveryMember, entry: &Entry) -> Result<(), RosterError> {
        if self.recovery().is_some() {
            return Err(RosterError::RecoveryExists);
        }
        self.join(&member.keys, Role::Recovery { delay: member.delay }, entry)
    }

    pub(super) fn begin_recovery(&mut self, begin: &RecoveryBegin, entry: &Entry) -> Result<(), RosterError> {
        let delay = match self.members.get(&entry.author()).map(|member| &member.role) {
            Some(Role::Recovery { delay }) => *delay,
            Some(Role::Device(_)) | None => return Err(RosterError::NotAllowed),
        };
        // One use of a code brings one device in; until that device has replaced the code, the code begins nothing more.
        if self.pending.is_some() || self.owing.values().any(|member| *member == entry.author()) {
            return Err(RosterError::WrongRecovery);
        }
        // It could never join, and nobody might be left to cancel.
        self.check_new(&begin.device.id())?;
        self.pending = Some(PendingRecovery {
            begin: entry.hash(),
            member: entry.author(),
            device: begin.device.clone(),
            description: begin.description.clone(),
            due_at: entry.at().saturating_add(delay),
        });
        Ok(())
    }

    pub(super) fn cancel_recovery(&mut self, begin: &Hash) -> Result<(), RosterError> {
        match self.pending.take() {
            Some(pending) if pending.begin == *begin => Ok(()),
            _ => Err(RosterError::WrongRecovery),
        }
    }

    /// The recovery that this entry ends; its device owes a replacement from here on.
    pub(super) fn finish_recovery(
        &mut self,
        account: AccountId,
        begin: &Hash,
        device: &MemberKeys,
        entry: &Entry,
    ) -> Result<Description, RosterError> {
        let pending = self.pending.take().ok_or(RosterError::WrongRecovery)?;
        if pending.member != entry.author() {
            return Err(RosterError::NotAllowed);
        }
        if account != self.account || *begin != pending.begin || *device != pending.device {
            return Err(RosterError::WrongTranscript);
        }
        if entry.at() < pending.due_at {
            return Err(RosterError::TooEarly);
        }
        self.owing.insert(device.id(), pending.member);
        Ok(pending.description)
    }

    /// What a removed member had begun ends; a device no longer owes the replacement of a member that is gone.
    pub(super) fn forget_recovery_of(&mut self, removed: &MemberId) {
        self.pending.take_if(|pending| pending.member == *removed);
        self.owing.retain(|device, member| device != removed && member != removed);
    }
}
