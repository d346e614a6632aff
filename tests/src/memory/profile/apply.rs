use keyfold_client::{
    ItemId,
    storage::{Head, Outbox, Profile, Revision, Says, Staged, StorageError, Write},
};
use keyfold_crypto::Hash;
use keyfold_ledger::Chain;

use super::kept::{Envelope, Kept, order};

impl Kept {
    pub(super) fn apply(&mut self, writes: Vec<Write>) -> Result<(), StorageError> {
        let mut forgotten = Vec::new();
        for write in writes {
            self.one(write, &mut forgotten)?;
        }
        // Only now is it known whether a revision that came in the same step names one of them.
        for hash in forgotten {
            if !self.revisions.values().any(|revision| revision.envelope == Some(hash)) {
                self.envelopes.remove(hash.as_bytes());
            }
        }
        Ok(())
    }

    pub(super) fn stage(&mut self, staged: Staged) {
        match staged {
            // A commit that is in force is never written over.
            Staged::Commit { seq, head, commit } if seq > self.vault_seq() => {
                self.commits.insert(seq, (head, commit));
            }
            Staged::Commit { .. } => {}
            Staged::Envelope { hash, envelope } => {
                let new = Envelope { bytes: envelope, is_staged: true };
                self.envelopes.entry(*hash.as_bytes()).or_insert(new);
            }
        }
    }

    pub(super) fn add_edits(&mut self, edits: Vec<(ItemId, Vec<u8>)>) {
        for edit in edits {
            self.last_edit += 1;
            self.edits.insert(self.last_edit, edit);
        }
    }

    fn one(&mut self, write: Write, forgotten: &mut Vec<Hash>) -> Result<(), StorageError> {
        match write {
            Write::Profile(profile) => return self.begin(*profile),
            Write::Entry { seq, entry } => {
                if self.entries.insert(seq, entry).is_some() {
                    return Err(StorageError::Damaged(format!("entry {seq} is there already")));
                }
            }
            Write::Condition(condition) => self.with_profile(|profile| profile.condition = condition),
            Write::SealedSecrets(sealed) => self.with_profile(|profile| profile.sealed_secrets = sealed),
            Write::Stopped(stop) => self.with_profile(|profile| profile.stopped = stop),
            Write::KeyringSecrets(sealed) => self.keyring = Some(sealed),
            Write::ClearKeyringSecrets => self.keyring = None,
            Write::Lock => self.lock.is_locked = true,
            Write::Proof(proof) => self.proof = Some(proof),
            Write::Erase => self.erase(),
            Write::Farewell(farewell) => self.farewell = Some(farewell),
            Write::SealedKey(key) => {
                self.sealed_keys.entry(key.roster_seq).or_insert(key.sealed);
            }
            Write::Link(link) => {
                self.links.entry((link.roster_seq, link.epoch)).or_insert(link.sealed);
            }
            Write::Vault(vault) => self.vault = Some(*vault),
            Write::Head(chain, head) => self.put_head(chain, head),
            Write::Element(element) => {
                self.elements.insert(element.item, (element, None));
            }
            Write::Epoch(item, epoch) => {
                if let Some((_, of)) = self.elements.get_mut(&item) {
                    *of = Some(epoch);
                }
            }
            Write::Revision(revision) => self.put_revision(revision, forgotten),
            Write::Purge(item) => self.forget(item, forgotten, |_| true),
            Write::DropEdits(edits) => edits.iter().for_each(|edit| drop(self.edits.remove(edit))),
            Write::PutOutbox(outbox) => self.put_outbox(outbox),
            Write::ClearOutbox(kind) => self.outbox.retain(|outbox| outbox.kind != kind),
            Write::PutEnrolment(sealed) => self.enrolment = Some(sealed),
            Write::ClearEnrolment => self.enrolment = None,
            Write::LookedForPurges(at) => self.looked_for_purges = Some(at),
            Write::Sweep => self.sweep(),
        }
        Ok(())
    }

    fn begin(&mut self, profile: Profile) -> Result<(), StorageError> {
        if self.profile.is_some() {
            return Err(StorageError::Damaged("there is a profile already".to_owned()));
        }
        (self.profile, self.farewell) = (Some(profile), None);
        Ok(())
    }

    fn with_profile(&mut self, change: impl FnOnce(&mut Profile)) {
        if let Some(profile) = &mut self.profile {
            change(profile);
        }
    }

    fn erase(&mut self) {
        let Self { farewell, last_edit, enrolment_failures, .. } = std::mem::take(self);
        *self = Self { farewell, last_edit, enrolment_failures, ..Self::default() };
    }

    fn put_head(&mut self, chain: Chain, head: Head) {
        self.receipts.insert((order(chain), head.seq), head.clone());
        self.heads.insert(order(chain), head);
    }

    fn put_outbox(&mut self, outbox: Outbox) {
        self.outbox.retain(|other| other.kind != outbox.kind);
        self.outbox.push(outbox);
    }

    fn put_revision(&mut self, revision: Revision, forgotten: &mut Vec<Hash>) {
        let item = revision.item;
        if let Some((element, epoch)) = self.elements.get_mut(&item)
            && element.revision == revision.revision
        {
            *epoch = revision.epoch;
        }
        if let Some(envelope) = revision.envelope.and_then(|hash| self.envelopes.get_mut(hash.as_bytes())) {
            envelope.is_staged = false;
        }
        self.revisions.insert((item, revision.revision), revision);
        let latest = self.revisions_of(item).next_back().map(|revision| revision.revision);
        let good = self.revisions_of(item).rfind(|revision| revision.fault.is_none()).map(|good| good.revision);
        let oldest = [true, false].map(|is_good| {
            let alike = self.revisions_of(item).filter(|revision| revision.says == Says::New);
            let alike = alike.filter(|revision| revision.fault.is_none() == is_good);
            alike.map(|revision| revision.revision).rev().take(REVISIONS).last()
        });
        // The newest good revision stays, however many bad ones follow it; and so does what it said first.
        self.forget(item, forgotten, |revision| {
            let number = revision.revision;
            let oldest = if revision.fault.is_none() { oldest[0] } else { oldest[1] };
            Some(number) != latest
                && Some(number) != good
                && (revision.says == Says::Again || oldest.is_some_and(|oldest| number < oldest))
        });
    }

    /// Deletes revisions; the envelopes that they named are forgotten, unless another revision names them.
    fn forget(&mut self, item: ItemId, forgotten: &mut Vec<Hash>, is_old: impl Fn(&Revision) -> bool) {
        let old: Vec<u64> =
            self.revisions_of(item).filter(|revision| is_old(revision)).map(|old| old.revision).collect();
        let old = old.into_iter().filter_map(|number| self.revisions.remove(&(item, number)));
        forgotten.extend(old.filter_map(|revision| revision.envelope));
    }

    fn sweep(&mut self) {
        self.envelopes.retain(|_, envelope| !envelope.is_staged);
        let last = self.vault_seq();
        self.commits.retain(|seq, _| *seq <= last);
    }
}

/// Revisions of an item that are kept, of good ones and of quarantined ones each.
const REVISIONS: usize = 10;
