use std::collections::{BTreeMap, BTreeSet};

use keyfold_crypto::{
    EpochKey, Hash,
    epoch::{Epochs, SealContext, link_hash, sealed_hash},
};
use keyfold_ledger::{Body, Entry, MAX_LINKS, Roster};
use keyfold_wire::MemberId;

use crate::{
    device::DeviceKeys,
    storage::{SealedKey, SealedLink},
};

/// The epoch keys that this device can open, by epoch.
pub(crate) struct EpochKeys {
    keys: BTreeMap<u64, EpochKey>,
    current: u64,
    /// Links that opened: from a later epoch to an earlier one.
    links: Vec<Epochs>,
    /// The server gave this device a key of the current epoch, as its author made it: it does not open.
    is_spoiled: bool,
}

impl EpochKeys {
    /// Opens what the roster's entries have for this device, each held against the commitment in the signed entry. What
    /// does not open is left out: the chain stays valid, and what was sealed under it is not readable here.
    pub(crate) fn open(
        device: &DeviceKeys,
        roster: &Roster,
        entries: &[Entry],
        sealed_keys: &[SealedKey],
        links: &[SealedLink],
    ) -> Self {
        let current = roster.epoch().number;
        let mut opened = Self { keys: BTreeMap::new(), current, links: Vec::new(), is_spoiled: false };
        for sealed in sealed_keys {
            opened.open_sealed(device, roster, entries, sealed);
        }
        // Newest first: a link leads from a later epoch, whose key another link may have given.
        for link in links.iter().rev() {
            opened.open_link(roster, entries, link);
        }
        opened
    }

    /// The current epoch and its key; `None` while the server withholds it or it did not open.
    pub(crate) fn current(&self) -> Option<(u64, &EpochKey)> {
        self.keys.get(&self.current).map(|key| (self.current, key))
    }

    pub(crate) fn key(&self, epoch: u64) -> Option<&EpochKey> {
        self.keys.get(&epoch)
    }

    /// What the next rotation links: the current epoch's key, and each that no link leads to from there. Where its author spoiled
    /// the current one, the device goes on without it. `None` if it is only withheld: whoever has it must rotate, for what was
    /// written under it would else be out of others' reach.
    pub(crate) fn to_link(&self) -> Option<Vec<(u64, &EpochKey)>> {
        if !self.keys.contains_key(&self.current) && !self.is_spoiled {
            return None;
        }
        // From the newest on: a link leads to an earlier epoch.
        let mut reached = BTreeSet::new();
        let mut linked = Vec::new();
        for (&epoch, key) in self.keys.iter().rev() {
            if reached.insert(epoch) && linked.len() < MAX_LINKS {
                linked.push((epoch, key));
            }
            reached.extend(self.links.iter().filter(|link| link.epoch == epoch).map(|link| link.earlier));
        }
        linked.reverse();
        (!linked.is_empty()).then_some(linked)
    }

    fn open_sealed(&mut self, device: &DeviceKeys, roster: &Roster, entries: &[Entry], sealed: &SealedKey) {
        let Some(entry) = position(entries, sealed.roster_seq) else { return };
        // The key of the epoch that the entry begins, or that was in force when it was written.
        let Some(epoch) = roster.epochs().iter().rfind(|epoch| epoch.seq <= entry.seq()) else { return };
        let context =
            SealContext { account: roster.account(), epoch: epoch.number, member: device.id(), prev: entry.prev() };
        match device.open_epoch_key(&context, &epoch.commitment, &sealed.sealed) {
            Ok(key) => {
                self.keys.insert(epoch.number, key);
            }
            Err(_) => self.is_spoiled |= epoch.number == self.current,
        }
    }

    fn open_link(&mut self, roster: &Roster, entries: &[Entry], link: &SealedLink) {
        let Some(rotation) = position(entries, link.roster_seq).and_then(Entry::rotation) else { return };
        let earlier = roster.epochs().iter().find(|epoch| epoch.number == link.epoch);
        let (Some(key), Some(earlier)) = (self.keys.get(&rotation.epoch), earlier) else { return };
        let epochs = Epochs { epoch: rotation.epoch, earlier: link.epoch };
        if let Ok(key) = key.open_link(&roster.account(), epochs, &earlier.commitment, &link.sealed) {
            self.keys.insert(link.epoch, key);
            self.links.push(epochs);
        }
    }
}

/// Whether a sealed key is the one that its signed entry names for `member`. One that answers no entry is ignored.
pub(crate) fn is_named(entry: &Entry, member: &MemberId, sealed: &SealedKey) -> bool {
    entry.seq() == sealed.roster_seq && entry.sealed_key_for(member) == Some(sealed_hash(&sealed.sealed))
}

/// Whether a link is the one that its signed entry names.
pub(crate) fn is_named_link(entry: &Entry, link: &SealedLink) -> bool {
    let hash: Hash = link_hash(&link.sealed);
    let named = entry.rotation().is_some_and(|rotation| rotation.links.contains(&(link.epoch, hash)));
    entry.seq() == link.roster_seq && named
}

/// The entry by which a device joined, if it is not the first device.
pub(crate) fn joined_by(entries: &[Entry], device: &MemberId) -> Option<u64> {
    let joins =
        |entry: &&Entry| matches!(entry.body(), Body::AddDevice(add) if add.transcript.device().id() == *device);
    entries.iter().find(joins).map(Entry::seq)
}

fn position(entries: &[Entry], seq: u64) -> Option<&Entry> {
    entries.get(usize::try_from(seq).ok()?).filter(|entry| entry.seq() == seq)
}
