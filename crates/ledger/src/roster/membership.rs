use keyfold_crypto::{
    MemberKeys, VerifyingKey,
    signing::{self, SignatureError},
};
use keyfold_wire::{MemberId, TenantId, v1};

use super::{Device, Member, Removed, Role, Roster, RosterError};
use crate::{AddDevice, Body, Description, Entry, MAX_DEVICES, MAX_TENANTS, Remove, Transcript};

impl Roster {
    pub(super) fn add_device(&mut self, add: &AddDevice, entry: &Entry) -> Result<(), RosterError> {
        let keys = add.transcript.device();
        let description = match &add.transcript {
            Transcript::Enrolment { account, log_key, approver, roster_head, description, .. } => {
                self.check_approver(&entry.author())?;
                let agreed = *account == self.account
                    && log_key == self.log_key.as_bytes()
                    && *approver == entry.author()
                    && *roster_head == entry.prev();
                if !agreed {
                    return Err(RosterError::WrongTranscript);
                }
                verify::<v1::EnrolmentTranscript>(keys, add)?;
                description.clone()
            }
            Transcript::Recovery { account, begin, device } => {
                let description = self.finish_recovery(*account, begin, device, entry)?;
                verify::<v1::RecoveryTranscript>(keys, add)?;
                self.recoveries = self.recoveries.saturating_add(1);
                description
            }
        };
        self.join_device(keys, description, entry)
    }

    /// A recovery member adds a device only by a recovery.
    fn check_approver(&self, author: &MemberId) -> Result<(), RosterError> {
        if self.device(author).is_some() { Ok(()) } else { Err(RosterError::NotAllowed) }
    }

    fn join_device(&mut self, keys: &MemberKeys, description: Description, entry: &Entry) -> Result<(), RosterError> {
        if self.devices().count() >= MAX_DEVICES {
            return Err(RosterError::TooManyDevices);
        }
        self.join(keys, Role::Device(Device { description }), entry)
    }

    /// An id that is active or was removed does not come in again.
    pub(super) fn check_new(&self, id: &MemberId) -> Result<(), RosterError> {
        if self.members.contains_key(id) || self.removed.contains_key(id) { Err(RosterError::NotNew) } else { Ok(()) }
    }

    pub(super) fn join(&mut self, keys: &MemberKeys, role: Role, entry: &Entry) -> Result<(), RosterError> {
        let id = keys.id();
        self.check_new(&id)?;
        let member = Member { keys: keys.clone(), role, joined_at: entry.at(), joined_seq: entry.seq() };
        self.members.insert(id, member);
        Ok(())
    }

    pub(super) fn remove(&mut self, remove: &Remove, entry: &Entry) -> Result<(), RosterError> {
        let mut recovery_removed = false;
        for id in &remove.members {
            if *id == entry.author() {
                return Err(RosterError::RemovesItself);
            }
            let member = self.members.remove(id).ok_or(RosterError::NotThere)?;
            recovery_removed |= matches!(member.role, Role::Recovery { .. });
            self.removed.insert(*id, Removed { signing: member.keys.signing().clone(), seq: entry.seq() });
            self.forget_recovery_of(id);
        }
        if let Some(replacement) = &remove.replacement {
            if !recovery_removed {
                return Err(RosterError::NothingToReplace);
            }
            self.add_recovery(replacement, entry)?;
        }
        self.rotate(&remove.rotation, entry)
    }

    /// Whether this entry shows, to a device that has not seen what came between, that it was removed from the account: a
    /// later removal of it, signed by another device that is active here. Nothing else is proof.
    #[must_use]
    pub fn shows_removal(&self, entry: &Entry, device: &MemberId) -> bool {
        let removes = matches!(entry.body(), Body::Remove(remove) if remove.members.contains(device));
        let author = self.device(&entry.author()).filter(|_| entry.author() != *device);
        let signed = author.is_some_and(|(author, _)| entry.verify(author.keys.signing()).is_ok());
        // The very next entry must follow what the device holds: one that lost its race is nobody's word.
        let is_later = match entry.seq().checked_sub(self.seq) {
            None | Some(0) => false,
            Some(1) => entry.prev() == self.head,
            Some(_) => true,
        };
        removes && signed && is_later
    }

    pub(super) fn rename(&mut self, device: &MemberId, name: &str) -> Result<(), RosterError> {
        match self.members.get_mut(device).map(|member| &mut member.role) {
            Some(Role::Device(device)) => name.clone_into(&mut device.description.name),
            Some(Role::Recovery { .. }) | None => return Err(RosterError::NotThere),
        }
        Ok(())
    }

    pub(super) fn join_tenant(&mut self, tenant: TenantId, name: &str) -> Result<(), RosterError> {
        if self.tenants.len() >= MAX_TENANTS || self.tenants.contains_key(&tenant) {
            return Err(RosterError::Tenant);
        }
        self.tenants.insert(tenant, name.to_owned());
        Ok(())
    }

    pub(super) fn leave_tenant(&mut self, tenant: &TenantId) -> Result<(), RosterError> {
        self.tenants.remove(tenant).map(drop).ok_or(RosterError::Tenant)
    }

    pub(super) fn replace_log_key(&mut self, log_key: &VerifyingKey) -> Result<(), RosterError> {
        if *log_key == self.log_key {
            return Err(RosterError::SameLogKey);
        }
        self.log_key = log_key.clone();
        Ok(())
    }
}

fn verify<M: keyfold_crypto::Signable>(keys: &MemberKeys, add: &AddDevice) -> Result<(), SignatureError> {
    signing::verify_bytes::<M>(keys.signing(), &add.transcript_bytes, &add.signature)
}
