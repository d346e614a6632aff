use std::collections::BTreeMap;

use keyfold_client::{
    Chain, ItemId,
    storage::{
        AuthenticatorRecord, Chains, Farewell, Fault, Head, LockState, Outbox, Past, Profile, Quarantined, Revision,
        Says, SealedKey, SealedLink, Shown, StoredItem,
    },
};
use keyfold_crypto::Hash;
use keyfold_ledger::{Element, VaultParts};
use keyfold_wire::v1::Signed;

/// What a profile holds.
#[derive(Clone, Default)]
pub(super) struct Kept {
    /// How often anything was written.
    pub(super) changes: u64,
    pub(super) profile: Option<Profile>,
    pub(super) keyring: Option<Vec<u8>>,
    pub(super) farewell: Option<Farewell>,
    pub(super) lock: LockState,
    pub(super) authenticator: BTreeMap<AuthenticatorRecord, Vec<u8>>,
    pub(super) entries: BTreeMap<u64, Signed>,
    pub(super) sealed_keys: BTreeMap<u64, Vec<u8>>,
    pub(super) links: BTreeMap<(u64, u64), Vec<u8>>,
    /// A commit beyond the vault's is staged and counts for nothing.
    pub(super) commits: BTreeMap<u64, (Hash, Signed)>,
    pub(super) vault: Option<VaultParts>,
    pub(super) heads: BTreeMap<u8, Head>,
    pub(super) receipts: BTreeMap<(u8, u64), Head>,
    /// With the epoch of the latest revision, if that is good.
    pub(super) elements: BTreeMap<ItemId, (Element, Option<u64>)>,
    pub(super) revisions: BTreeMap<(ItemId, u64), Revision>,
    pub(super) envelopes: BTreeMap<[u8; 32], Envelope>,
    pub(super) edits: BTreeMap<i64, (ItemId, Vec<u8>)>,
    /// The number of the last edit that there ever was.
    pub(super) last_edit: i64,
    pub(super) outbox: Vec<Outbox>,
    pub(super) enrolment: Option<Vec<u8>>,
    pub(super) enrolment_failures: Vec<u64>,
    pub(super) looked_for_purges: Option<u64>,
    pub(super) proof: Option<Vec<u8>>,
}

#[derive(Clone)]
pub(super) struct Envelope {
    pub(super) bytes: Vec<u8>,
    /// Until a revision in force names it.
    pub(super) is_staged: bool,
}

impl Kept {
    pub(super) fn chains(&self) -> Chains {
        let sealed_key = |(seq, sealed): (&u64, &Vec<u8>)| SealedKey { roster_seq: *seq, sealed: sealed.clone() };
        let link = |((seq, epoch), sealed): (&(u64, u64), &Vec<u8>)| SealedLink {
            roster_seq: *seq,
            epoch: *epoch,
            sealed: sealed.clone(),
        };
        Chains {
            entries: self.entries.values().cloned().collect(),
            sealed_keys: self.sealed_keys.iter().map(sealed_key).collect(),
            links: self.links.iter().map(link).collect(),
            vault: self.vault.clone(),
            roster_head: self.heads.get(&order(Chain::Roster)).cloned(),
            vault_head: self.heads.get(&order(Chain::Vault)).cloned(),
        }
    }

    /// The seq of the latest commit in force.
    pub(super) fn vault_seq(&self) -> u64 {
        self.vault.as_ref().map_or(0, |vault| vault.seq)
    }

    pub(super) fn commit(&self, seq: u64) -> Option<&(Hash, Signed)> {
        self.commits.get(&seq).filter(|_| seq <= self.vault_seq())
    }

    pub(super) fn envelope(&self, hash: &Hash) -> Option<&[u8]> {
        self.envelopes.get(hash.as_bytes()).map(|envelope| envelope.bytes.as_slice())
    }

    pub(super) fn stored_item(&self, element: Element) -> StoredItem {
        let good = self.revisions_of(element.item).rfind(|revision| revision.fault.is_none());
        let shown = good.and_then(|good| {
            let envelope = self.envelope(&good.envelope?)?.to_vec();
            Some(Shown { revision: good.revision, author: good.author, envelope })
        });
        let latest = self.revisions.get(&(element.item, element.revision));
        let fault = latest.and_then(|latest| {
            let reason = latest.fault.clone()?;
            Some(Fault { revision: element.revision, author: latest.author, reason })
        });
        StoredItem { element, shown, fault }
    }

    pub(super) fn history(&self, item: ItemId) -> Vec<Past> {
        let says = self.revisions_of(item).filter(|revision| revision.fault.is_none() && revision.says == Says::New);
        let past = says.filter_map(|revision| {
            let envelope = self.envelope(&revision.envelope?)?.to_vec();
            Some(Past { revision: revision.revision, author: revision.author, envelope })
        });
        past.rev().collect()
    }

    pub(super) fn quarantined(&self, reason: &str) -> Vec<Quarantined> {
        let faulty = self.revisions.values().filter(|revision| revision.fault.as_deref() == Some(reason));
        let latest = faulty.filter_map(|revision| {
            let (element, _) = self.elements.get(&revision.item)?;
            (element.revision == revision.revision).then_some((revision, *element))
        });
        let quarantined = latest.map(|(revision, element)| {
            let previous = match element.revision {
                1 => Some(None),
                number => self.revisions.get(&(element.item, number - 1)).map(|before| before.envelope),
            };
            Quarantined { element, seq: revision.seq, previous }
        });
        quarantined.collect()
    }

    pub(super) fn first_quarantined(&self, item: ItemId, reason: &str) -> Option<u64> {
        let unread = self.revisions_of(item).rev().take_while(|revision| revision.fault.is_some());
        unread.filter(|revision| revision.fault.as_deref() == Some(reason)).filter_map(|revision| revision.seq).last()
    }

    pub(super) fn of_earlier_epochs(&self, epoch: u64) -> Vec<ItemId> {
        let earlier = self.elements.values().filter_map(|(element, of)| of.map(|of| (of, element.item)));
        let mut earlier: Vec<(u64, ItemId)> = earlier.filter(|(of, _)| *of < epoch).collect();
        earlier.sort_unstable();
        earlier.into_iter().map(|(_, item)| item).collect()
    }

    /// Ascending.
    pub(super) fn revisions_of(&self, item: ItemId) -> impl DoubleEndedIterator<Item = &Revision> {
        self.revisions.range((item, 0)..=(item, u64::MAX)).map(|(_, revision)| revision)
    }
}

pub(super) const fn order(chain: Chain) -> u8 {
    match chain {
        Chain::Roster => 1,
        Chain::Vault => 2,
    }
}
