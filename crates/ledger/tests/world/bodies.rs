use keyfold_crypto::{
    EpochKey, Hash, MemberKeys, SUITE,
    epoch::{SealContext, sealed_hash},
    random,
};
use keyfold_ledger::author::{Rotated, Rotation};
use keyfold_wire::{MemberId, v1};
use prost::Message;

use super::{World, description};

/// What entries say, as an honest device of this world would say it.
impl World {
    /// A new epoch key for these members.
    pub(crate) fn rotation(&self, members: &[(MemberId, MemberKeys)]) -> Rotated {
        let roster = self.account.roster();
        let earlier: Vec<_> = self.epoch_keys.last().map(|(epoch, key)| (*epoch, key)).into_iter().collect();
        let (account, prev, epoch) = (roster.account(), roster.head(), roster.epoch().number + 1);
        Rotation { account, prev, epoch, earlier: &earlier }.to(members, &mut random::system())
    }

    /// Everybody but these, ascending.
    pub(crate) fn members_without(&self, names: &[&str]) -> Vec<(MemberId, MemberKeys)> {
        let gone: Vec<MemberId> = names.iter().map(|name| self.id(name)).collect();
        let members = self.account.roster().members();
        members.iter().filter(|(id, _)| !gone.contains(id)).map(|(id, member)| (*id, member.keys.clone())).collect()
    }

    pub(crate) fn removal(&self, names: &[&str]) -> (v1::Remove, EpochKey) {
        let rotated = self.rotation(&self.members_without(names));
        (v1::Remove { members: self.ids(names), rotation: Some(rotated.rotate), replacement: None }, rotated.epoch_key)
    }

    /// Takes a recovery code away, and devices with it, and puts another code in its place.
    pub(crate) fn replacement(&self, gone: &[&str], code: &str) -> (v1::Remove, EpochKey) {
        let mut members = self.members_without(gone);
        members.push((self.id(code), self.keys(code)));
        members.sort_by_key(|(id, _)| *id);
        let rotated = self.rotation(&members);
        let remove = v1::Remove {
            members: self.ids(gone),
            rotation: Some(rotated.rotate),
            replacement: Some(self.recovery_member(code, 0)),
        };
        (remove, rotated.epoch_key)
    }

    pub(crate) fn transcript(&self, approver: &str, device: &str) -> v1::EnrolmentTranscript {
        let roster = self.account.roster();
        v1::EnrolmentTranscript {
            suite: SUITE,
            enrolment: vec![5; 16],
            account: roster.account().to_vec(),
            log_key: roster.log_key().as_bytes().to_vec(),
            approver: self.id(approver).to_vec(),
            roster_head: roster.head().to_vec(),
            device: Some(self.keys(device).to_wire()),
            description: Some(description(device)),
            device_nonce: vec![6; 32],
            approver_nonce: vec![7; 32],
        }
    }

    /// The entry that lets the device of this transcript in, whose signature it carries.
    pub(crate) fn approval(&self, device: &str, transcript: &v1::EnrolmentTranscript) -> v1::AddDevice {
        let signed = self.person(device).signing.sign(transcript);
        v1::AddDevice {
            transcript: Some(v1::add_device::Transcript::Enrolment(signed.body)),
            signature: signed.signature,
            sealed_key_hash: self.sealed_to(device).to_vec(),
        }
    }

    pub(crate) fn add_recovery(&self, code: &str, delay: u64) -> v1::AddRecovery {
        let member = Some(self.recovery_member(code, delay));
        v1::AddRecovery { member, sealed_key_hash: self.sealed_to(code).to_vec() }
    }

    pub(crate) fn recovery_member(&self, code: &str, delay: u64) -> v1::RecoveryMember {
        v1::RecoveryMember { keys: Some(self.keys(code).to_wire()), delay, lookup_hash: vec![7; 32] }
    }

    pub(crate) fn recovery_begin(&self, device: &str) -> v1::RecoveryBegin {
        v1::RecoveryBegin { device: Some(self.keys(device).to_wire()), description: Some(description(device)) }
    }

    /// What ends the recovery that entry `begin` began.
    pub(crate) fn recovery_end(&self, device: &str, begin: &Hash) -> v1::AddDevice {
        let account = self.account.roster().account().to_vec();
        let keys = Some(self.keys(device).to_wire());
        self.recovered(device, &v1::RecoveryTranscript { suite: SUITE, account, begin: begin.to_vec(), device: keys })
    }

    pub(crate) fn recovered(&self, device: &str, transcript: &v1::RecoveryTranscript) -> v1::AddDevice {
        let signed = self.person(device).signing.sign(transcript);
        v1::AddDevice {
            transcript: Some(v1::add_device::Transcript::Recovery(signed.body)),
            signature: signed.signature,
            sealed_key_hash: self.sealed_to(device).to_vec(),
        }
    }

    fn ids(&self, names: &[&str]) -> Vec<Vec<u8>> {
        let mut ids: Vec<Vec<u8>> = names.iter().map(|name| self.id(name).to_vec()).collect();
        ids.sort();
        ids
    }

    fn sealed_to(&self, name: &str) -> Hash {
        let roster = self.account.roster();
        let (epoch, key) = self.epoch_keys.last().expect("an account has an epoch");
        let (keys, account, prev) = (self.keys(name), roster.account(), roster.head());
        let context = SealContext { account, epoch: *epoch, member: keys.id(), prev };
        sealed_hash(&key.seal(keys.wrapping(), &context, &mut random::system()))
    }
}

/// The transcript that a recovery's AddDevice carries.
pub(crate) fn recovery_transcript_of(add: &v1::AddDevice) -> v1::RecoveryTranscript {
    match &add.transcript {
        Some(v1::add_device::Transcript::Recovery(bytes)) => {
            v1::RecoveryTranscript::decode(bytes.as_slice()).expect("decodes")
        }
        _ => panic!("not a recovery's"),
    }
}
