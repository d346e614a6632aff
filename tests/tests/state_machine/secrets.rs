//! What the removed can open.

use std::collections::{BTreeMap, BTreeSet};

use keyfold_client::MemberId;
use keyfold_crypto::{
    EpochKey, WrappingKey,
    epoch::{Epochs, SealContext},
};
use keyfold_ledger::{Entry, Roster};
use keyfold_vault::storage::{EntryRow, Signed, Span};

use crate::{code::member_keys, world::World};

/// A roster as a server has it, and all that it keeps beside it.
struct Kept {
    roster: Roster,
    entries: Vec<Entry>,
    /// Sealed keys, by entry and whom they are said to be for.
    sealed: Vec<(usize, MemberId, Vec<u8>)>,
    /// Links, by entry and the epoch that they are said to be of.
    links: Vec<(usize, u64, Vec<u8>)>,
}

impl World {
    /// The roster as a server has it.
    pub(crate) async fn roster(&self, history: usize) -> Roster {
        replay(&self.entries(history).await)
    }

    /// Whoever was removed, with all that it ever had and all that a server has, opens no key of an epoch that began with its
    /// removal or later, whichever server it asks.
    pub(crate) async fn nobody_learns_what_came_after(&self) {
        for history in 0..self.histories.len() {
            let entries = self.entries(history).await;
            if replay(&entries).removed().is_empty() {
                continue;
            }
            let kept = self.kept(history, entries).await;
            for (member, removed) in kept.roster.removed() {
                let device = self.devices.iter().find(|device| device.id() == *member);
                let learnt = match device {
                    Some(device) => kept.learns(*member, removed.seq, &device.keys.author.wrapping),
                    None => self.learns_by_code(&kept, *member, removed.seq),
                };
                assert_eq!(
                    learnt, None,
                    "{member} was removed by entry {} and has the key of a later epoch",
                    removed.seq
                );
            }
        }
    }

    fn learns_by_code(&self, kept: &Kept, member: MemberId, removed_at: u64) -> Option<u64> {
        let keys = self.codes.iter().map(|code| member_keys(code, self.account)).find(|keys| keys.id() == member)?;
        kept.learns(member, removed_at, &keys.author.wrapping)
    }

    pub(crate) async fn signed_entries(&self, history: usize) -> Vec<Signed> {
        self.rows(history, None).await.into_iter().map(|row| row.entry).collect()
    }

    async fn entries(&self, history: usize) -> Vec<Entry> {
        self.signed_entries(history).await.iter().map(|entry| Entry::parse(entry).unwrap()).collect()
    }

    async fn rows(&self, history: usize, member: Option<MemberId>) -> Vec<EntryRow> {
        let storage = self.histories[history].cabinet.storage();
        storage.entries(self.account, Span { first: 0, last: MOST }, member, MOST).await.unwrap()
    }

    async fn kept(&self, history: usize, entries: Vec<Entry>) -> Kept {
        let roster = replay(&entries);
        let members: BTreeSet<MemberId> = roster.members().keys().chain(roster.removed().keys()).copied().collect();
        let (mut sealed, mut links) = (Vec::new(), Vec::new());
        for (place, member) in members.into_iter().enumerate() {
            for (seq, row) in self.rows(history, Some(member)).await.into_iter().enumerate() {
                sealed.extend(row.sealed_key.map(|key| (seq, member, key)));
                if place == 0 {
                    links.extend(row.links.into_iter().map(|(epoch, link)| (seq, epoch, link)));
                }
            }
        }
        Kept { roster, entries, sealed, links }
    }
}

impl Kept {
    /// The latest epoch, of those that began with the removal of `member` or later, of which these keys come to the key.
    fn learns(&self, member: MemberId, removed_at: u64, wrapping: &WrappingKey) -> Option<u64> {
        let mut known = BTreeMap::new();
        for (seq, whose, sealed) in &self.sealed {
            let is_later = u64::try_from(*seq).unwrap() >= removed_at;
            // It was given keys before it was removed; after that it tries what others are given.
            let is_tried = is_later || *whose == member;
            let as_whom = BTreeSet::from([*whose, member]);
            for as_whom in as_whom.into_iter().filter(|_| is_tried) {
                known.extend(self.opened(*seq, as_whom, wrapping, sealed));
            }
        }
        let mut before = 0;
        while known.len() > before {
            before = known.len();
            let linked: Vec<_> = known.iter().flat_map(|(epoch, key)| self.linked(*epoch, key)).collect();
            for (epoch, key) in linked {
                known.entry(epoch).or_insert(key);
            }
        }
        assert!(!known.is_empty(), "it was a member, and had a key");
        let later = self.roster.epochs().iter().filter(|epoch| epoch.seq >= removed_at).map(|epoch| epoch.number);
        later.filter(|epoch| known.contains_key(epoch)).max()
    }

    fn opened(&self, seq: usize, member: MemberId, wrapping: &WrappingKey, sealed: &[u8]) -> Option<(u64, EpochKey)> {
        let epochs = self.roster.epochs();
        let epoch = epochs.iter().rfind(|epoch| epoch.seq <= u64::try_from(seq).unwrap())?;
        let (account, prev) = (self.roster.account(), self.entries[seq].prev());
        let context = SealContext { account, epoch: epoch.number, member, prev };
        let key = EpochKey::open(wrapping, &context, &epoch.commitment, sealed).ok()?;
        Some((epoch.number, key))
    }

    /// The keys that a key opens, whichever of the two a link is said to be of.
    fn linked(&self, epoch: u64, key: &EpochKey) -> Vec<(u64, EpochKey)> {
        let mut linked = Vec::new();
        for (seq, of, link) in &self.links {
            let begun = self.roster.epochs().iter().find(|epoch| epoch.seq == u64::try_from(*seq).unwrap()).unwrap();
            for other in [begun.number, *of] {
                let commitment = self.roster.epochs().iter().find(|epoch| epoch.number == other).unwrap().commitment;
                let epochs = Epochs { epoch, earlier: other };
                let opened = key.open_link(&self.roster.account(), epochs, &commitment, link);
                linked.extend(opened.ok().map(|key| (other, key)));
            }
        }
        linked
    }
}

fn replay(entries: &[Entry]) -> Roster {
    let genesis = Roster::genesis(&entries[0]).unwrap();
    entries[1..].iter().try_fold(genesis, |roster, entry| roster.append(entry)).unwrap()
}

/// Entries of an account.
const MOST: u64 = 1_000;
