use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use futures_util::{
    StreamExt, future,
    stream::{once, try_unfold},
};
use keyfold_ledger::brief;
use keyfold_wire::{
    ItemId,
    v1::{self, PullEnd, SealedEpochKey, SealedLink, pull_frame::Frame},
};

use super::{
    FrameStream,
    frames::Frames,
    pages::{Page, PageOf, Pages},
    plan::Plan,
};
use crate::{
    AccountUnavailable, Caller, HeadBoard, HeadError,
    rosters::{missing, standing},
    storage::{Cursor, RevisionRow, Span, Storage},
};

/// Where the stream is. Each step gives one chunk and the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Entries(Span),
    Elements(Span, Option<Cursor>),
    Commits(Span),
    Envelopes(Option<Cursor>),
    End,
    Done,
}

struct Pull {
    storage: Arc<dyn Storage>,
    board: Arc<HeadBoard>,
    pages: Pages,
    caller: Caller,
    plan: Plan,
    /// An envelope of the plan was pruned before it was read.
    moved: bool,
}

/// Begins with the heads and the first entries, which are read at once: what can fail before anything was sent is an answer of
/// its own, and what is in memory then goes out without a pause.
pub(super) async fn frames(
    storage: Arc<dyn Storage>,
    board: Arc<HeadBoard>,
    pages: Pages,
    caller: Caller,
    plan: Plan,
    heads: v1::Heads,
) -> Result<FrameStream, AccountUnavailable> {
    let mut frames = Frames::default();
    frames.push(match plan.brief_since {
        Some(since) => Frame::BriefHeads(brief::heads(&heads, since)),
        None => Frame::Heads(heads),
    });
    let mut pull = Pull { storage, board, pages, caller, plan, moved: false };
    let (entries, next) = pull.take(Step::Entries(plan.entries)).await?;
    let rest = try_unfold((pull, next), |(mut pull, step)| async move {
        if matches!(step, Step::Done) {
            return Ok(None);
        }
        let (chunk, next) = pull.take(step).await?;
        Ok(Some((chunk, (pull, next))))
    });
    let chunks = once(future::ready(Ok(frames.into_bytes()))).chain(once(future::ready(Ok(entries)))).chain(rest);
    // A page that had nothing to say is not sent.
    Ok(chunks.filter(|chunk| future::ready(chunk.as_ref().map_or(true, |chunk| !chunk.is_empty()))).boxed())
}

impl Pull {
    async fn take(&mut self, step: Step) -> Result<(Bytes, Step), AccountUnavailable> {
        let Some(of) = self.page_of(step) else { return self.read(step).await };
        if let Some(page) = self.pages.get(&of) {
            return Ok((page.bytes.clone(), page.next));
        }
        let (bytes, next) = self.read(step).await?;
        // Of an account that was deleted meanwhile it would have been empty: that is no page, neither for this pull nor for
        // another.
        standing(self.storage.as_ref(), self.caller.account).await?;
        // One that lacks something is no page.
        if !self.moved {
            self.pages.keep(of, Page { bytes: bytes.clone(), next });
        }
        Ok((bytes, next))
    }

    /// Under what this step's page is kept, if anything is read for it that others read as well.
    const fn page_of(&self, step: Step) -> Option<PageOf> {
        let is_read = match step {
            Step::Elements(..) => true,
            Step::Commits(span) => span.first <= span.last,
            Step::Envelopes(_) => self.plan.envelopes.first <= self.plan.envelopes.last,
            Step::Entries(_) | Step::End | Step::Done => false,
        };
        if !is_read {
            return None;
        }
        Some(PageOf {
            account: self.caller.account,
            vault_head: self.plan.vault_head,
            since: self.plan.envelopes.first,
            brief: self.plan.brief_since.is_some(),
            step,
        })
    }

    async fn read(&mut self, step: Step) -> Result<(Bytes, Step), AccountUnavailable> {
        let mut frames = Frames::default();
        let next = match step {
            Step::Entries(span) => self.entries(span, &mut frames).await?,
            Step::Elements(span, cursor) => self.elements(span, cursor, &mut frames).await?,
            Step::Commits(span) => self.commits(span, &mut frames).await?,
            Step::Envelopes(cursor) => self.envelopes(cursor, &mut frames).await?,
            Step::End | Step::Done => {
                self.still_known().await?;
                frames.push(Frame::End(PullEnd { moved: self.moved }));
                Step::Done
            }
        };
        Ok((frames.into_bytes(), next))
    }

    async fn entries(&self, span: Span, frames: &mut Frames) -> Result<Step, AccountUnavailable> {
        if span.first > span.last {
            return Ok(self.plan.elements.map_or(Step::Commits(self.plan.commits), |span| Step::Elements(span, None)));
        }
        let rows = self.storage.entries(self.caller.account, span, Some(self.caller.device), ENTRIES).await?;
        let Some(last) = rows.last().map(|row| row.seq) else { return Err(self.gap().await) };
        for row in rows {
            frames.push(Frame::Entry(row.entry));
            if let Some(sealed) = row.sealed_key {
                frames.push(Frame::SealedKey(SealedEpochKey { roster_seq: row.seq, sealed }));
            }
            for (epoch, sealed) in row.links {
                frames.push(Frame::Link(SealedLink { roster_seq: row.seq, epoch, sealed }));
            }
        }
        Ok(Step::Entries(Span { first: last.saturating_add(1), ..span }))
    }

    async fn elements(
        &self,
        span: Span,
        cursor: Option<Cursor>,
        frames: &mut Frames,
    ) -> Result<Step, AccountUnavailable> {
        let rows = self.storage.changed(self.caller.account, span, cursor, ELEMENTS).await?;
        for row in &rows {
            frames.push(Frame::Element(row.element.to_wire()));
        }
        Ok(match rows.last() {
            Some(last) => Step::Elements(span, Some(last.cursor())),
            None => Step::Commits(self.plan.commits),
        })
    }

    async fn commits(&self, span: Span, frames: &mut Frames) -> Result<Step, AccountUnavailable> {
        if span.first > span.last {
            return Ok(Step::Envelopes(None));
        }
        let rows = self.storage.commits(self.caller.account, span, COMMITS).await?;
        let Some(last) = rows.last().map(|row| row.seq) else { return Err(self.gap().await) };
        for row in rows {
            frames.push(match self.plan.brief_since {
                Some(_) => Frame::BriefCommit(brief::commit(row.commit)),
                None => Frame::Commit(row.commit),
            });
        }
        Ok(Step::Commits(Span { first: last.saturating_add(1), ..span }))
    }

    /// That the account was there a moment ago. Each page was read while it was, and is whole whatever has become of it since.
    async fn still_known(&self) -> Result<(), AccountUnavailable> {
        match self.board.poll(&self.caller).await {
            Ok(_) | Err(HeadError::NotAMember) => Ok(()),
            Err(HeadError::Account(gone)) => Err(gone),
            Err(HeadError::Storage(error)) => Err(error.into()),
        }
    }

    async fn gap(&self) -> AccountUnavailable {
        missing(self.storage.as_ref(), self.caller.account, "a chain has a gap").await
    }

    /// As many envelopes as fit in one chunk.
    async fn envelopes(&mut self, cursor: Option<Cursor>, frames: &mut Frames) -> Result<Step, AccountUnavailable> {
        let span = self.plan.envelopes;
        if span.first > span.last {
            return Ok(Step::End);
        }
        let mut rows = self.storage.changed(self.caller.account, span, cursor, ENVELOPES).await?;
        rows.truncate(fitting(&rows));
        let Some(next) = rows.last().map(RevisionRow::cursor) else { return Ok(Step::End) };
        let wanted: Vec<(ItemId, u64)> = rows
            .iter()
            .filter(|row| !row.element.is_tombstone())
            .map(|row| (row.element.item, row.element.revision))
            .collect();
        let kept = self.storage.envelopes(self.caller.account, &wanted).await?;
        let mut kept: HashMap<_, _> =
            kept.into_iter().map(|(item, revision, envelope)| ((item, revision), envelope)).collect();
        for revision in wanted {
            match kept.remove(&revision) {
                Some(envelope) => frames.push(Frame::Envelope(envelope)),
                None => self.moved = true,
            }
        }
        Ok(Step::Envelopes(Some(next)))
    }
}

impl RevisionRow {
    const fn cursor(&self) -> Cursor {
        Cursor { seq: self.seq, item: self.element.item }
    }
}

/// How many of the rows' envelopes fit in one chunk; one at least.
fn fitting(rows: &[RevisionRow]) -> usize {
    let mut bytes = 0_u64;
    let count = rows
        .iter()
        .take_while(|row| {
            bytes = bytes.saturating_add(row.size);
            bytes <= CHUNK
        })
        .count();
    count.max(1)
}

/// Rows of a page, so that the longest rows there can be are not much more than 1 MiB: an entry with its keys and links has
/// 48 KiB, a commit 128 KiB, an element 60 bytes.
const ENTRIES: u64 = 16;
const ELEMENTS: u64 = 1_000;
const COMMITS: u64 = 8;
const ENVELOPES: u64 = 500;
/// Bytes of envelopes in one chunk.
const CHUNK: u64 = 512 * 1024;
