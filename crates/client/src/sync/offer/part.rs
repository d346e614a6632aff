use std::collections::{BTreeMap, HashSet, VecDeque};

use keyfold_crypto::Hash;
use keyfold_ledger::{Chain, Commit, Content, Entry, Vault};
use keyfold_wire::{
    ItemId,
    v1::{Heads, PullEnd, PullFrame, SealedEpochKey, SealedLink},
};
use prost::Message;

use super::OfferError;
use crate::{
    api::{ApiError, Frame},
    storage::Storage,
    sync::SyncError,
    vault::{Held, VaultError},
};

/// A part of what a server lost, as it travels: the frames of a pull from the server's heads on, as far as one request goes,
/// to where this device once stood: it has the server's receipts for it, and every item's latest envelope.
pub(super) struct Part {
    pub(super) frames: Vec<u8>,
    pub(super) entries: u64,
    pub(super) commits: u64,
    pub(super) items: u64,
}

/// A part while it is put together.
#[derive(Default)]
struct Draft {
    entries: Vec<u8>,
    commits: Vec<u8>,
    envelopes: Vec<u8>,
    counts: (u64, u64),
    sent: HashSet<Hash>,
    /// The latest envelope of each item that the commits change.
    latest: BTreeMap<ItemId, Option<Hash>>,
}

/// Where a draft may end.
struct End {
    named: Heads,
    lengths: [usize; 3],
    counts: (u64, u64),
    items: usize,
}

impl Part {
    /// The next part from the server's heads on.
    pub(super) async fn from(storage: &dyn Storage, held: &Held, heads: &Heads) -> Result<Self, OfferError> {
        let vault_seq = held.vault.as_ref().map_or(0, Vault::seq);
        let mut entries: VecDeque<&Entry> =
            held.entries.iter().filter(|entry| entry.seq() > heads.roster_seq).collect();
        let mut vault_head = Hash::try_from(heads.vault_head.as_slice())
            .map_err(|_| SyncError::from(ApiError::BadAnswer("a head that is no hash")))?;
        let (mut roster_seq, mut seq) = (heads.roster_seq, heads.vault_seq);
        let (mut draft, mut end) = (Draft::default(), None);
        loop {
            while let Some(entry) = entries.pop_front_if(|entry| entry.vault_head() == vault_head) {
                draft.entry(held, entry);
                roster_seq = entry.seq();
            }
            if draft.length() > MOST || draft.counts.1 > MOST_COMMITS {
                break;
            }
            if draft.counts != (0, 0)
                && draft.is_complete()
                && let Some(named) = named(storage, roster_seq, seq).await?
            {
                end = Some(draft.end(named));
            }
            if seq == vault_seq {
                break;
            }
            seq += 1;
            let commit = commit(storage, seq).await?;
            vault_head = commit.hash();
            draft.commit(storage, &commit).await?;
        }
        Ok(draft.cut(end.ok_or(OfferError::TooLarge)?))
    }
}

impl Draft {
    fn entry(&mut self, held: &Held, entry: &Entry) {
        let seq = entry.seq();
        push(&mut self.entries, Frame::Entry(entry.signed().clone()));
        if let Some(key) = held.sealed_keys.iter().find(|key| key.roster_seq == seq) {
            push(&mut self.entries, Frame::SealedKey(SealedEpochKey { roster_seq: seq, sealed: key.sealed.clone() }));
        }
        for link in held.links.iter().filter(|link| link.roster_seq == seq) {
            let (epoch, sealed) = (link.epoch, link.sealed.clone());
            push(&mut self.entries, Frame::Link(SealedLink { roster_seq: seq, epoch, sealed }));
        }
        self.counts.0 += 1;
    }

    async fn commit(&mut self, storage: &dyn Storage, commit: &Commit) -> Result<(), OfferError> {
        push(&mut self.commits, Frame::Commit(commit.signed().clone()));
        self.counts.1 += 1;
        for change in commit.changes() {
            let Content::Envelope(hash) = change.content else {
                self.latest.insert(change.item, None);
                continue;
            };
            self.latest.insert(change.item, Some(hash));
            if let Some(envelope) = storage.envelope(hash).await?
                && self.sent.insert(hash)
            {
                push(&mut self.envelopes, Frame::Envelope(envelope));
            }
        }
        Ok(())
    }

    /// Whether whoever pulls up to here gets every item.
    fn is_complete(&self) -> bool {
        self.latest.values().flatten().all(|hash| self.sent.contains(hash))
    }

    fn length(&self) -> usize {
        self.entries.len() + self.commits.len() + self.envelopes.len()
    }

    fn end(&self, named: Heads) -> End {
        End {
            named,
            lengths: [self.entries.len(), self.commits.len(), self.envelopes.len()],
            counts: self.counts,
            items: self.latest.len(),
        }
    }

    fn cut(mut self, end: End) -> Part {
        let [entries, commits, envelopes] = end.lengths;
        self.entries.truncate(entries);
        self.commits.truncate(commits);
        self.envelopes.truncate(envelopes);
        let mut frames = Vec::with_capacity(self.length() + FRAMING);
        push(&mut frames, Frame::Heads(end.named));
        frames.append(&mut self.entries);
        frames.append(&mut self.commits);
        frames.append(&mut self.envelopes);
        push(&mut frames, Frame::End(PullEnd { moved: false }));
        let items = u64::try_from(end.items).unwrap_or(u64::MAX);
        Part { frames, entries: end.counts.0, commits: end.counts.1, items }
    }
}

/// These heads with the receipts that the server gave for them, if this device stood there.
async fn named(storage: &dyn Storage, roster: u64, vault: u64) -> Result<Option<Heads>, OfferError> {
    let roster = storage.receipt(Chain::Roster, roster).await?;
    let vault = storage.receipt(Chain::Vault, vault).await?;
    Ok(roster.zip(vault).map(|(roster, vault)| Heads {
        roster_seq: roster.seq,
        roster_head: roster.head.to_vec(),
        vault_seq: vault.seq,
        vault_head: vault.head.to_vec(),
        roster_receipt: Some(roster.receipt),
        vault_receipt: Some(vault.receipt),
    }))
}

/// This device's latest heads, with their receipts.
pub(super) async fn latest(storage: &dyn Storage, held: &Held) -> Result<Heads, OfferError> {
    let vault = held.vault.as_ref().map_or(0, Vault::seq);
    let latest = named(storage, held.roster.seq(), vault).await?;
    Ok(latest.ok_or(SyncError::NotCreated)?)
}

async fn commit(storage: &dyn Storage, seq: u64) -> Result<Commit, OfferError> {
    let damaged = || SyncError::from(VaultError::Damaged(format!("commit {seq} is missing")));
    let signed = storage.commit(seq).await?.ok_or_else(damaged)?;
    Ok(Commit::parse(&signed).map_err(|_| damaged())?)
}

fn push(frames: &mut Vec<u8>, frame: Frame) {
    let frame = PullFrame { frame: Some(frame) }.encode_to_vec();
    // No frame comes near 4 GiB: the longest is a commit of 128 KiB.
    frames.extend_from_slice(&u32::try_from(frame.len()).unwrap_or(u32::MAX).to_be_bytes());
    frames.extend_from_slice(&frame);
}

/// Bytes of entries, commits and envelopes in one request.
const MOST: usize = 16 * 1024 * 1024;
const MOST_COMMITS: u64 = 16_384;
/// The heads and the end.
const FRAMING: usize = 1_024;
