use keyfold_ledger::{MAX_ITEMS, MAX_LINKS};

use super::{ApiError, Frame};

/// The order of a pull's frames, and how many of each there can be. Of commits and envelopes there is no such number: each
/// is held against the chain as it comes, so nobody can make up more of them.
pub(super) struct PullOrder {
    /// Whether heads and commits come in their brief form, and in no other.
    brief: bool,
    part: Part,
    entries: usize,
    /// Of the entry that came last.
    sealed_keys: usize,
    links: usize,
    elements: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Nothing,
    Heads,
    Entries,
    Elements,
    Commits,
    Envelopes,
    End,
}

impl PullOrder {
    pub(super) const fn new(brief: bool) -> Self {
        Self { brief, part: Part::Nothing, entries: 0, sealed_keys: 0, links: 0, elements: 0 }
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// [`ApiError::BadAnswer`] if it cannot stand here.
    pub(super) fn take(&mut self, frame: &Frame) -> Result<(), ApiError> {
        let part = part(frame);
        let follows = match part {
            Part::Nothing | Part::Heads => self.part == Part::Nothing,
            part => (Part::Heads..Part::End).contains(&self.part) && self.part <= part,
        };
        self.part = part;
        if follows && self.has_room(frame) { Ok(()) } else { Err(OUT_OF_ORDER) }
    }

    fn has_room(&mut self, frame: &Frame) -> bool {
        match frame {
            Frame::Entry(_) => {
                (self.sealed_keys, self.links) = (0, 0);
                self.entries += 1;
                self.entries <= MAX_ENTRIES
            }
            Frame::SealedKey(_) => {
                self.sealed_keys += 1;
                self.entries > 0 && self.sealed_keys == 1 && self.links == 0
            }
            Frame::Link(_) => {
                self.links += 1;
                self.entries > 0 && self.links <= MAX_LINKS
            }
            Frame::Element(_) => {
                self.elements += 1;
                self.elements <= MAX_ITEMS
            }
            Frame::Heads(_) | Frame::Commit(_) => !self.brief,
            Frame::BriefHeads(_) | Frame::BriefCommit(_) => self.brief,
            Frame::Envelope(_) | Frame::End(_) => true,
        }
    }
}

const fn part(frame: &Frame) -> Part {
    match frame {
        Frame::Heads(_) | Frame::BriefHeads(_) => Part::Heads,
        Frame::Entry(_) | Frame::SealedKey(_) | Frame::Link(_) => Part::Entries,
        Frame::Element(_) => Part::Elements,
        Frame::Commit(_) | Frame::BriefCommit(_) => Part::Commits,
        Frame::Envelope(_) => Part::Envelopes,
        Frame::End(_) => Part::End,
    }
}

const OUT_OF_ORDER: ApiError = ApiError::BadAnswer("a pull whose frames are out of order, or too many");
/// Roster entries that an account can have.
const MAX_ENTRIES: usize = 1_000;

#[cfg(test)]
mod tests {
    use keyfold_wire::v1::{BriefHeads, Element, Heads, PullEnd, SealedEpochKey, SealedLink, Signed};

    use super::*;

    const HEADS: fn() -> Frame = || Frame::Heads(Heads::default());
    const ENTRY: fn() -> Frame = || Frame::Entry(Signed::default());
    const KEY: fn() -> Frame = || Frame::SealedKey(SealedEpochKey::default());
    const LINK: fn() -> Frame = || Frame::Link(SealedLink::default());
    const ELEMENT: fn() -> Frame = || Frame::Element(Element::default());
    const COMMIT: fn() -> Frame = || Frame::Commit(Signed::default());
    const ENVELOPE: fn() -> Frame = || Frame::Envelope(Vec::new());
    const END: fn() -> Frame = || Frame::End(PullEnd::default());

    fn is_a_pull(frames: &[fn() -> Frame]) -> bool {
        let mut order = PullOrder::new(false);
        frames.iter().all(|frame| order.take(&frame()).is_ok())
    }

    fn repeated(before: &[fn() -> Frame], frame: fn() -> Frame, times: usize) -> bool {
        is_a_pull(&[before, &vec![frame; times]].concat())
    }

    #[test]
    fn a_pull_has_its_frames_in_their_order() {
        assert!(is_a_pull(&[HEADS, END]));
        assert!(is_a_pull(&[HEADS, COMMIT, COMMIT, ENVELOPE, ENVELOPE, END]));
        let snapshot =
            [HEADS, ENTRY, ENTRY, KEY, LINK, LINK, ENTRY, KEY, ENTRY, ELEMENT, ELEMENT, COMMIT, ENVELOPE, END];
        assert!(is_a_pull(&snapshot));
        for place in 1..snapshot.len() {
            let mut other = snapshot;
            other.swap(0, place);
            assert!(!is_a_pull(&other), "the heads are at {place}");
        }
    }

    #[test]
    fn heads_and_commits_come_in_the_form_that_was_asked_for() {
        let brief_heads: fn() -> Frame = || Frame::BriefHeads(BriefHeads::default());
        let brief_commit: fn() -> Frame = || Frame::BriefCommit(Signed::default());
        for (brief, heads, commit) in [
            (false, [HEADS, brief_heads], [COMMIT, brief_commit]),
            (true, [brief_heads, HEADS], [brief_commit, COMMIT]),
        ] {
            let take = |frames: &[fn() -> Frame]| {
                let mut order = PullOrder::new(brief);
                frames.iter().all(|frame| order.take(&frame()).is_ok())
            };
            assert!(take(&[heads[0], ENTRY, commit[0], ENVELOPE, END]));
            assert!(!take(&[heads[1]]) && !take(&[heads[0], commit[1]]));
            assert!(!take(&[heads[0], ENVELOPE, commit[0]]) && !take(&[heads[0], heads[0]]));
        }
    }

    #[test]
    fn a_server_cannot_keep_a_client_busy_with_frames_that_mean_nothing() {
        assert!(!is_a_pull(&[HEADS, HEADS]));
        assert!(!is_a_pull(&[HEADS, KEY]) && !is_a_pull(&[HEADS, LINK]));
        assert!(!is_a_pull(&[HEADS, ENTRY, KEY, KEY]) && !is_a_pull(&[HEADS, ENTRY, LINK, KEY]));
        assert!(!is_a_pull(&[HEADS, COMMIT, ENTRY]) && !is_a_pull(&[HEADS, ENVELOPE, COMMIT]));
        assert!(!is_a_pull(&[HEADS, END, END]) && !is_a_pull(&[HEADS, END, ENVELOPE]));
        assert!(repeated(&[HEADS], ENTRY, 1_000) && !repeated(&[HEADS], ENTRY, 1_001));
        assert!(repeated(&[HEADS, ENTRY], LINK, 256) && !repeated(&[HEADS, ENTRY], LINK, 257));
        assert!(repeated(&[HEADS], ELEMENT, 200_000) && !repeated(&[HEADS], ELEMENT, 200_001));
    }
}
