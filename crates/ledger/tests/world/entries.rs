use keyfold_crypto::{EpochKey, Hash, SUITE, SigningKey};
use keyfold_ledger::{Account, AccountError, Entry};
use keyfold_wire::v1::{self, roster_entry::Body};

use super::World;

/// What honest devices append.
impl World {
    /// The next entry, to be changed or signed.
    pub(crate) fn entry(&self, by: &str, body: Body) -> v1::RosterEntry {
        let place = self.account.roster().next(self.now, self.account.vault().head());
        v1::RosterEntry {
            suite: SUITE,
            seq: place.seq,
            prev: place.prev.to_vec(),
            author: self.id(by).to_vec(),
            at: place.at,
            vault_head: place.vault_head.to_vec(),
            body: Some(body),
        }
    }

    pub(crate) fn signed(&self, by: &str, body: Body) -> Entry {
        signed(&self.person(by).signing, &self.entry(by, body))
    }

    /// What this account would be after an entry of this device.
    pub(crate) fn offered(&self, by: &str, body: Body) -> Result<Account, AccountError> {
        self.account.append(&self.signed(by, body))
    }

    /// Appends an entry that must stand; gives its hash.
    pub(crate) fn append(&mut self, by: &str, body: Body) -> Hash {
        let entry = self.signed(by, body);
        self.account = self.account.append(&entry).expect("an honest entry stands");
        self.entries.push(entry);
        self.account.roster().head()
    }

    pub(crate) fn enrol(&mut self, approver: &str, device: &str) -> Hash {
        let transcript = self.transcript(approver, device);
        self.append(approver, Body::AddDevice(self.approval(device, &transcript)))
    }

    pub(crate) fn rotate(&mut self, by: &str) -> Hash {
        let rotated = self.rotation(&self.members_without(&[]));
        self.append_epoch(by, Body::Rotate(rotated.rotate), rotated.epoch_key)
    }

    pub(crate) fn remove(&mut self, by: &str, names: &[&str]) -> Hash {
        let (remove, epoch_key) = self.removal(names);
        self.append_epoch(by, Body::Remove(remove), epoch_key)
    }

    pub(crate) fn replace_recovery(&mut self, by: &str, gone: &[&str], code: &str) -> Hash {
        let (remove, epoch_key) = self.replacement(gone, code);
        self.append_epoch(by, Body::Remove(remove), epoch_key)
    }

    pub(crate) fn set_up_recovery(&mut self, by: &str, code: &str, delay: u64) -> Hash {
        self.append(by, Body::AddRecovery(self.add_recovery(code, delay)))
    }

    pub(crate) fn begin_recovery(&mut self, code: &str, device: &str) -> Hash {
        self.append(code, Body::RecoveryBegin(self.recovery_begin(device)))
    }

    pub(crate) fn end_recovery(&mut self, code: &str, device: &str, begin: &Hash) -> Hash {
        self.append(code, Body::AddDevice(self.recovery_end(device, begin)))
    }

    pub(crate) fn rename(&mut self, by: &str, device: &str, name: &str) -> Hash {
        self.append(by, self.renaming(device, name))
    }

    pub(crate) fn renaming(&self, device: &str, name: &str) -> Body {
        Body::RenameDevice(v1::RenameDevice { device: self.id(device).to_vec(), name: name.to_owned() })
    }

    fn append_epoch(&mut self, by: &str, body: Body, epoch_key: EpochKey) -> Hash {
        let head = self.append(by, body);
        self.epoch_keys.push((self.account.roster().epoch().number, epoch_key));
        head
    }
}

pub(crate) fn signed(key: &SigningKey, entry: &v1::RosterEntry) -> Entry {
    Entry::parse(&key.sign(entry)).expect("well-formed")
}
