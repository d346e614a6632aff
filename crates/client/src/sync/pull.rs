use std::collections::HashMap;

use keyfold_crypto::{Hash, envelope::envelope_hash};
use keyfold_ledger::{Chain, Commit, Vault};
use keyfold_wire::ItemId;

use super::{
    ChainFailure, SyncEngine, SyncError, SyncReport,
    content::{Touch, examine, examine_purge},
    incoming::{Incoming, Verified},
    settle,
};
use crate::{
    api::{ApiError, Frame, PullFrom, PullStream},
    item::Item,
    storage::{Condition, Fault, Revision, Staged, Step, Storage, StorageError, Write},
    vault::{EpochKeys, is_named, is_named_link, joined_by, read_shown},
};

/// Envelopes of a pull as they are verified.
struct Contents {
    keys: EpochKeys,
    /// Those that must still come.
    expected: HashMap<Hash, ItemId>,
    total: u64,
    writes: Vec<Write>,
    quarantined: Vec<(ItemId, Fault)>,
}

/// What is laid down ahead of the one transaction that makes it count, in pieces of bounded size.
#[derive(Default)]
struct Stage {
    waiting: Vec<Staged>,
    bytes: usize,
}

impl SyncEngine {
    /// Takes everything that this device has not seen: verified as a whole, stored as a whole.
    pub(super) async fn pull(&self, step: &Step) -> Result<SyncReport, SyncError> {
        for _ in 0..MAX_PULLS {
            if let Some(report) = self.pull_once(step).await? {
                return Ok(report);
            }
        }
        Err(SyncError::Busy)
    }

    /// `None` if an envelope was superseded while the stream ran.
    async fn pull_once(&self, step: &Step) -> Result<Option<SyncReport>, SyncError> {
        let held = self.held().await?;
        let from = match &held.vault {
            Some(vault) => PullFrom::Since { roster: held.roster.seq(), vault: vault.seq() },
            None => joined_by(&held.entries, &self.vault.keys().id()).map_or(PullFrom::Nothing, PullFrom::Snapshot),
        };
        self.storage().apply(step, vec![Write::Sweep]).await?;
        let stream = self.api.pull(from).await?;
        let mut incoming = Incoming::new(held);
        match self.take_stream(step, stream, &mut incoming).await {
            Ok(Some(contents)) => self.finish(step, incoming, contents).await.map(Some),
            Ok(None) => Ok(None),
            Err(Interruption::Failure(failure)) => Err(self.stop(step, &failure).await),
            Err(Interruption::Error(error)) => Err(error),
        }
    }

    async fn take_stream(
        &self,
        step: &Step,
        mut stream: PullStream,
        incoming: &mut Incoming,
    ) -> Result<Option<Contents>, Interruption> {
        let mut contents = None;
        let mut stage = Stage::default();
        while let Some(frame) = stream.frame().await? {
            match frame {
                Frame::Heads(heads) => incoming.heads(heads)?,
                Frame::Entry(entry) => incoming.entry(&entry)?,
                Frame::SealedKey(key) => incoming.sealed_keys.push(key.into()),
                Frame::Link(link) => incoming.links.push(link.into()),
                Frame::Element(element) => incoming.element(&element)?,
                Frame::Commit(signed) => {
                    let commit = Commit::parse(&signed).map_err(ChainFailure::from)?;
                    let unknown = incoming.unknown_items(&commit);
                    incoming.know(self.storage().elements(&unknown).await?);
                    incoming.commit(&commit)?;
                    let bytes = signed.body.len();
                    let staged = Staged::Commit { seq: commit.seq(), head: commit.hash(), commit: signed };
                    stage.put(self.storage().as_ref(), step, staged, bytes).await?;
                }
                Frame::Envelope(envelope) => {
                    let contents = contents.get_or_insert_with(|| self.contents(incoming));
                    let (staged, bytes) = self.take_envelope(incoming, contents, envelope).await?;
                    stage.put(self.storage().as_ref(), step, staged, bytes).await?;
                }
                Frame::End(end) => {
                    let contents = contents.unwrap_or_else(|| self.contents(incoming));
                    stage.flush(self.storage().as_ref(), step).await?;
                    return match contents.expected.is_empty() {
                        true => Ok(Some(contents)),
                        false if end.moved => Ok(None),
                        false => Err(ChainFailure::Withheld("an envelope that a commit names").into()),
                    };
                }
            }
        }
        Err(ApiError::BadAnswer("a pull that was cut short").into())
    }

    /// What the envelopes of this pull are held against, now that all entries and commits are known.
    fn contents(&self, incoming: &mut Incoming) -> Contents {
        let entries = incoming.all_entries();
        let device = self.vault.keys().id();
        // What answers no signed entry is ignored.
        incoming.sealed_keys.retain(|key| is_named(&entries, &device, key));
        incoming.links.retain(|link| is_named_link(&entries, link));
        let held = incoming.held();
        let sealed: Vec<_> = held.sealed_keys.iter().chain(&incoming.sealed_keys).cloned().collect();
        let links: Vec<_> = held.links.iter().chain(&incoming.links).cloned().collect();
        let keys = EpochKeys::open(self.vault.keys(), incoming.roster(), &entries, &sealed, &links);
        let expected = incoming.expected();
        Contents {
            keys,
            total: u64::try_from(expected.len()).unwrap_or(u64::MAX),
            expected,
            writes: Vec::new(),
            quarantined: Vec::new(),
        }
    }

    async fn take_envelope(
        &self,
        incoming: &Incoming,
        contents: &mut Contents,
        envelope: Vec<u8>,
    ) -> Result<(Staged, usize), Interruption> {
        let hash = envelope_hash(&envelope);
        let other = ChainFailure::Withheld("an envelope, and gives another");
        let item = contents.expected.remove(&hash).ok_or(other.clone())?;
        let touch = incoming.touched.get(&item).ok_or(other)?;
        let last_good = self.last_good(&contents.keys, item).await?;
        let account = self.vault.local().profile().account;
        let examined = examine(account, &contents.keys, touch, last_good.as_ref(), &envelope);
        contents.revision(touch, examined.err().map(|failure| failure.to_string()));
        let left = u64::try_from(contents.expected.len()).unwrap_or(0);
        self.progress.items(contents.total.saturating_sub(left), contents.total);
        let bytes = envelope.len();
        Ok((Staged::Envelope { hash, envelope }, bytes))
    }

    async fn last_good(&self, keys: &EpochKeys, item: ItemId) -> Result<Option<Item>, SyncError> {
        let account = self.vault.local().profile().account;
        let stored = self.storage().item(item).await?;
        let shown = stored.as_ref().and_then(|stored| read_shown(account, keys, stored).ok().flatten());
        Ok(shown.map(|(_, item)| item))
    }

    async fn finish(
        &self,
        step: &Step,
        mut incoming: Incoming,
        mut contents: Contents,
    ) -> Result<SyncReport, SyncError> {
        let verified = match incoming.finish() {
            Ok(verified) => verified,
            Err(failure) => return Err(self.stop(step, &failure).await),
        };
        for touch in incoming.touched.values().filter(|touch| touch.element.is_tombstone()) {
            let last_good = self.last_good(&contents.keys, touch.element.item).await?;
            contents.purge(touch, last_good.as_ref());
        }
        let report = SyncReport {
            entries_pulled: u64::try_from(incoming.entries.len()).unwrap_or(u64::MAX),
            commits_pulled: incoming.commits(),
            items_pulled: contents.total,
            items_pushed: 0,
            quarantined: std::mem::take(&mut contents.quarantined),
        };
        let new_keys = !incoming.sealed_keys.is_empty() || !incoming.links.is_empty();
        let mut writes = chain_writes(&incoming, verified);
        writes.extend(contents.writes);
        writes.extend(settle::writes(self.storage().as_ref(), &incoming).await?);
        writes.push(Write::Sweep);
        self.storage().apply(step, writes).await?;
        if new_keys {
            self.reopen(step).await?;
        }
        Ok(report)
    }
}

impl Stage {
    async fn put(
        &mut self,
        storage: &dyn Storage,
        step: &Step,
        staged: Staged,
        bytes: usize,
    ) -> Result<(), StorageError> {
        self.waiting.push(staged);
        self.bytes += bytes;
        if self.bytes > STAGE { self.flush(storage, step).await } else { Ok(()) }
    }

    async fn flush(&mut self, storage: &dyn Storage, step: &Step) -> Result<(), StorageError> {
        self.bytes = 0;
        storage.stage(step, std::mem::take(&mut self.waiting)).await
    }
}

impl Contents {
    fn revision(&mut self, touch: &Touch, failure: Option<String>) {
        let element = touch.element;
        let author = touch.commit.map(|commit| commit.author);
        if let Some(reason) = &failure {
            let fault = Fault { revision: element.revision, author, reason: reason.clone() };
            self.quarantined.push((element.item, fault));
        }
        let Some(envelope) = element.envelope.map(Some).or(failure.is_some().then_some(None)) else { return };
        self.writes.push(Write::Revision(Revision {
            item: element.item,
            revision: element.revision,
            envelope,
            author,
            fault: failure,
        }));
    }

    fn purge(&mut self, touch: &Touch, last_good: Option<&Item>) {
        // A snapshot's old tombstone leaves nothing to keep.
        let Some(commit) = touch.commit else { return };
        match examine_purge(last_good, commit.at) {
            Ok(()) => self.writes.push(Write::Purge(touch.element.item)),
            Err(_) if last_good.is_none() => {}
            Err(failure) => self.revision(touch, Some(failure.to_string())),
        }
    }
}

fn chain_writes(incoming: &Incoming, verified: Verified) -> Vec<Write> {
    let mut writes = Vec::new();
    for entry in &incoming.entries {
        writes.push(Write::Entry { seq: entry.seq(), entry: entry.signed().clone() });
    }
    writes.extend(incoming.sealed_keys.iter().cloned().map(Write::SealedKey));
    writes.extend(incoming.links.iter().cloned().map(Write::Link));
    writes.extend(incoming.touched.values().map(|touch| Write::Element(touch.element)));
    writes.push(Write::Vault(Box::new(verified.account.vault().parts().clone())));
    writes.push(Write::Head(Chain::Roster, verified.roster_head));
    writes.push(Write::Head(Chain::Vault, verified.vault_head));
    if incoming.held().vault.as_ref().is_none_or(|vault: &Vault| vault.seq() == 0) {
        writes.push(Write::Condition(Condition::Active));
    }
    writes
}

/// Why a stream was not taken to its end.
enum Interruption {
    /// The server's fault: sync stops.
    Failure(ChainFailure),
    /// Anything else.
    Error(SyncError),
}

impl From<ChainFailure> for Interruption {
    fn from(failure: ChainFailure) -> Self {
        Self::Failure(failure)
    }
}

impl From<SyncError> for Interruption {
    fn from(error: SyncError) -> Self {
        Self::Error(error)
    }
}

impl From<ApiError> for Interruption {
    fn from(error: ApiError) -> Self {
        Self::Error(error.into())
    }
}

impl From<StorageError> for Interruption {
    fn from(error: StorageError) -> Self {
        Self::Error(error.into())
    }
}

/// How often a pull begins anew because the vault moved while it ran.
const MAX_PULLS: u32 = 16;
/// Bytes of envelopes in memory before they are laid down.
const STAGE: usize = 2 * 1024 * 1024;
