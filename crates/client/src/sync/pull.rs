use keyfold_crypto::envelope::envelope_hash;
use keyfold_ledger::{Chain, Commit, Vault};
use keyfold_wire::{ItemId, v1::Signed};

use super::{
    ChainFailure, SyncEngine, SyncError, SyncReport,
    contents::Contents,
    incoming::{Incoming, Verified},
    interruption::Interruption,
    settle,
    stage::Stage,
};
use crate::{
    api::{ApiError, Frame, PullFrom, PullStream},
    item::{Content, FieldTag, Item},
    storage::{Condition, Staged, Step, Write},
    vault::{EpochKeys, ItemEdit, joined_by, read_shown},
};

/// What a stream came to.
enum Taken {
    /// Everything, verified.
    Whole(Box<Verified>, Contents),
    /// An envelope was superseded while it ran, by a commit after the one with this seq.
    Moved(u64),
}

/// What one pull came to.
enum Pulled {
    Whole(SyncReport),
    Moved(u64),
    /// A brief one failed, which proves nothing: what was filled in may be what does not fit.
    Unclear,
}

impl SyncEngine {
    /// Takes everything that this device has not seen: verified as a whole, stored as a whole.
    pub(crate) async fn pull(&self, step: &Step) -> Result<SyncReport, SyncError> {
        let (mut moved_at, mut brief) = (None, true);
        for _ in 0..MAX_PULLS {
            match self.pull_once(step, brief).await? {
                Pulled::Whole(report) => return Ok(report),
                // Somebody wrote meanwhile, so there must be more to see now. Else the envelope is withheld.
                Pulled::Moved(seq) if moved_at.is_some_and(|before| seq <= before) => {
                    return Err(self.stop(step, &WITHHELD).await);
                }
                Pulled::Moved(seq) => moved_at = Some(seq),
                Pulled::Unclear => brief = false,
            }
        }
        Err(SyncError::Busy)
    }

    async fn pull_once(&self, step: &Step, brief: bool) -> Result<Pulled, SyncError> {
        let held = self.held().await?;
        let device = self.vault.keys().id();
        let roster = held.roster.seq();
        // Keys that never came are asked for again, with their entries: whoever held them back, or changed them on the way,
        // may do so no more.
        let lacking = held.first_lacking(&device);
        let receipt = if brief && lacking.is_none() && held.vault.is_some() {
            self.storage().receipt(Chain::Roster, roster).await?.map(|head| head.receipt)
        } else {
            None
        };
        let brief = receipt.is_some();
        let from = match &held.vault {
            Some(vault) => {
                let roster = lacking.map_or(roster, |seq| seq.saturating_sub(1).min(roster));
                PullFrom::Since { roster, vault: vault.seq(), brief }
            }
            None => joined_by(&held.entries, &device).map_or(PullFrom::Nothing, PullFrom::Snapshot),
        };
        self.storage().apply(step, vec![Write::Sweep]).await?;
        let stream = match self.api.pull(from).await {
            Ok(stream) => stream,
            Err(error) => return Err(self.refused_by(step, error).await),
        };
        let mut incoming = Incoming::new(held, device, receipt);
        match self.take_stream(step, stream, &mut incoming).await {
            Ok(Taken::Whole(verified, contents)) => {
                self.take_all(step, &incoming, *verified, contents).await.map(Pulled::Whole)
            }
            Ok(Taken::Moved(seq)) => Ok(Pulled::Moved(seq)),
            Err(Interruption::Failure(_)) if brief => Ok(Pulled::Unclear),
            Err(Interruption::Failure(failure)) => Err(self.stop(step, &failure).await),
            Err(Interruption::Error(error)) => Err(error),
        }
    }

    async fn take_stream(
        &self,
        step: &Step,
        mut stream: PullStream,
        incoming: &mut Incoming,
    ) -> Result<Taken, Interruption> {
        let mut chains = None;
        let mut stage = Stage::default();
        while let Some(frame) = stream.frame().await? {
            match frame {
                Frame::Heads(heads) => {
                    self.check_not_behind(incoming.held(), &heads).await?;
                    incoming.heads(heads);
                }
                Frame::BriefHeads(brief) => {
                    let heads = incoming.brief_heads(brief)?;
                    self.check_not_behind(incoming.held(), &heads).await?;
                }
                Frame::Entry(entry) => incoming.entry(&entry)?,
                Frame::SealedKey(key) => incoming.sealed_key(key.into()),
                Frame::Link(link) => incoming.link(link.into()),
                Frame::Element(element) => incoming.element(&element)?,
                Frame::Commit(signed) => self.take_commit(step, incoming, &mut stage, signed).await?,
                Frame::BriefCommit(brief) => {
                    let signed = incoming.whole(&brief)?;
                    self.take_commit(step, incoming, &mut stage, signed).await?;
                }
                Frame::Envelope(envelope) => {
                    let (_, contents) = match &mut chains {
                        Some(chains) => chains,
                        None => chains.insert(self.end_chains(incoming)?),
                    };
                    let (staged, bytes) = self.take_envelope(incoming, contents, envelope).await?;
                    stage.put(self.storage().as_ref(), step, staged, bytes).await?;
                }
                Frame::End(end) => {
                    let (verified, contents) = match chains {
                        Some(chains) => chains,
                        None => self.end_chains(incoming)?,
                    };
                    stage.flush(self.storage().as_ref(), step).await?;
                    return match contents.is_complete() {
                        true => Ok(Taken::Whole(Box::new(verified), contents)),
                        false if end.moved => Ok(Taken::Moved(verified.account.vault().seq())),
                        false => Err(WITHHELD.into()),
                    };
                }
            }
        }
        Err(ApiError::BadAnswer("a pull that was cut short").into())
    }

    async fn take_commit(
        &self,
        step: &Step,
        incoming: &mut Incoming,
        stage: &mut Stage,
        signed: Signed,
    ) -> Result<(), Interruption> {
        let commit = Commit::parse(&signed).map_err(ChainFailure::from)?;
        let unknown = incoming.unknown_items(&commit);
        incoming.know(self.storage().elements(&unknown).await?);
        incoming.commit(&commit)?;
        let bytes = signed.body.len();
        let staged = Staged::Commit { seq: commit.seq(), head: commit.hash(), commit: signed };
        Ok(stage.put(self.storage().as_ref(), step, staged, bytes).await?)
    }

    /// Holds both chains against the server's heads, and says which envelopes must come.
    fn end_chains(&self, incoming: &mut Incoming) -> Result<(Verified, Contents), ChainFailure> {
        let verified = incoming.finish()?;
        let entries = incoming.all_entries();
        let held = incoming.held();
        // Where there is nothing to read no key is opened.
        let (mut sealed, mut links) = (Vec::new(), Vec::new());
        if !incoming.touched.is_empty() {
            sealed.extend(held.sealed_keys.iter().chain(&incoming.sealed_keys).cloned());
            links.extend(held.links.iter().chain(&incoming.links).cloned());
        }
        let keys = EpochKeys::open(self.vault.keys(), verified.account.roster(), &entries, &sealed, &links);
        let contents = Contents::new(self.vault.local().profile().account, keys, incoming);
        Ok((verified, contents))
    }

    async fn take_envelope(
        &self,
        incoming: &Incoming,
        contents: &mut Contents,
        envelope: Vec<u8>,
    ) -> Result<(Staged, usize), Interruption> {
        let hash = envelope_hash(&envelope);
        let other = ChainFailure::Withheld("an envelope, and gives another");
        let item = contents.next_of(hash).ok_or(other.clone())?;
        let touch = incoming.touched.get(&item).ok_or(other)?;
        let last_good = self.last_good(&contents.keys, item).await?;
        contents.envelope(touch, last_good.as_ref(), &envelope);
        self.progress.items(contents.done, contents.total);
        let bytes = envelope.len();
        Ok((Staged::Envelope { hash, envelope }, bytes))
    }

    pub(super) async fn last_good(&self, keys: &EpochKeys, item: ItemId) -> Result<Option<Item>, SyncError> {
        let account = self.vault.local().profile().account;
        let stored = self.storage().item(item).await?;
        let shown = stored.as_ref().and_then(|stored| read_shown(account, keys, stored).ok().flatten());
        Ok(shown.map(|(_, item)| item))
    }

    /// Its user has restored here what others purge now, and it was not sent in time: it comes back as another item, as does
    /// the record of an export, which nobody may purge. Kept before the purge counts, so that no crash loses it; kept twice it
    /// is one.
    async fn keep_what_stays(&self, id: ItemId, good: &Item, edit: Option<&ItemEdit>) -> Result<(), SyncError> {
        let edits = edit.map(|edit| edit.fields.clone()).unwrap_or_default();
        let is_restored = edits.value(FieldTag::Deleted) == [0];
        if !is_restored && !matches!(good.content, Content::Export(_)) {
            return Ok(());
        }
        let fields = good.fields.clone().merge(edits);
        let item = Item { content: good.content.clone(), fields };
        let successor = self.vault.successor(id, &item).await?;
        Ok(self.storage().add_edits(vec![successor]).await?)
    }

    /// Makes all of it count, in one step.
    async fn take_all(
        &self,
        step: &Step,
        incoming: &Incoming,
        verified: Verified,
        mut contents: Contents,
    ) -> Result<SyncReport, SyncError> {
        let edits = self.vault.edits().await?;
        for touch in incoming.touched.values().filter(|touch| touch.element.is_tombstone()) {
            let id = touch.element.item;
            let last_good = self.last_good(&contents.keys, id).await?;
            if let Some(good) = &last_good {
                self.keep_what_stays(id, good, edits.get(&id)).await?;
            }
            contents.purge(touch, last_good.as_ref(), self.unread_since(id).await?);
        }
        let report = SyncReport {
            entries_pulled: u64::try_from(incoming.entries.len()).unwrap_or(u64::MAX),
            commits_pulled: incoming.commits(),
            items_pulled: contents.total,
            quarantined: contents.quarantined,
            ..SyncReport::default()
        };
        let mut writes = chain_writes(incoming, verified);
        writes.extend(contents.writes);
        writes.extend(settle::writes(self.storage().as_ref(), incoming).await?);
        writes.push(Write::Sweep);
        self.storage().apply(step, writes).await?;
        Ok(report)
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

/// How often a pull begins anew because the vault moved while it ran.
const MAX_PULLS: u32 = 16;
const WITHHELD: ChainFailure = ChainFailure::Withheld("an envelope that a commit names");
