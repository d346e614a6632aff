use std::collections::BTreeMap;

use keyfold_crypto::{
    EpochKey, Hash,
    epoch::{Epochs, SealContext, link_hash, sealed_hash},
};
use keyfold_ledger::{Body, Entry, Roster};
use keyfold_wire::MemberId;

use crate::{
    device::DeviceKeys,
    storage::{SealedKey, SealedLink},
};

/// The epoch keys that this device can open, by epoch.
pub(crate) struct EpochKeys {
    keys: BTreeMap<u64, EpochKey>,
    current: u64,
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
        let mut opened = Self { keys: BTreeMap::new(), current: roster.epoch().number };
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

    fn open_sealed(&mut self, device: &DeviceKeys, roster: &Roster, entries: &[Entry], sealed: &SealedKey) {
        let Some(entry) = position(entries, sealed.roster_seq) else { return };
        // The key of the epoch that the entry begins, or that was in force when it was written.
        let Some(epoch) = roster.epochs().iter().rfind(|epoch| epoch.seq <= entry.seq()) else { return };
        let context =
            SealContext { account: roster.account(), epoch: epoch.number, member: device.id(), prev: entry.prev() };
        if let Ok(key) = EpochKey::open(&device.author.wrapping, &context, &epoch.commitment, &sealed.sealed) {
            self.keys.insert(epoch.number, key);
        }
    }

    fn open_link(&mut self, roster: &Roster, entries: &[Entry], link: &SealedLink) {
        let Some(rotation) = position(entries, link.roster_seq).and_then(Entry::rotation) else { return };
        let earlier = roster.epochs().iter().find(|epoch| epoch.number == link.epoch);
        let (Some(key), Some(earlier)) = (self.keys.get(&rotation.epoch), earlier) else { return };
        let epochs = Epochs { epoch: rotation.epoch, earlier: link.epoch };
        if let Ok(key) = key.open_link(&roster.account(), epochs, &earlier.commitment, &link.sealed) {
            self.keys.insert(link.epoch, key);
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
