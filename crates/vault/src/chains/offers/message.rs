use keyfold_crypto::{envelope, exact};
use keyfold_wire::v1::{Heads, PullFrame, SealedEpochKey, SealedLink, Signed, pull_frame::Frame};

/// A part of a history that a restored backup lost, as a device offers it (`proto/README.md` §15): the frames of a pull from
/// the server's heads on, each `u32 big-endian length ‖ PullFrame`.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The device's heads, with the receipts that this server gave for them.
    pub(super) heads: Heads,
    pub(super) entries: Vec<OfferedEntry>,
    pub(super) commits: Vec<Signed>,
    pub(super) envelopes: Vec<Vec<u8>>,
}

/// A roster entry, and what the device has of the keys that it lists.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OfferedEntry {
    pub(super) entry: Signed,
    /// The device's own.
    pub(super) sealed_key: Option<SealedEpochKey>,
    pub(super) links: Vec<SealedLink>,
}

/// The body is no offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnOffer {
    /// Split it.
    #[error("an offer has at most {} bytes and {} commits: split it", Offer::MOST, Offer::MOST_COMMITS)]
    TooLarge,
    /// Not frames, or not in the order of a pull.
    #[error("the body is not the frames of a pull, from its heads to its end")]
    Frames,
}

impl Offer {
    /// The most bytes of one: as many as a push has.
    pub const MOST: usize = 17 * 1024 * 1024;
    /// The most commits: until it is written, each takes some kilobytes.
    pub const MOST_COMMITS: usize = 16_384;

    /// Reads the frames strictly.
    ///
    /// # Errors
    /// [`NotAnOffer`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAnOffer> {
        if bytes.len() > Self::MOST {
            return Err(NotAnOffer::TooLarge);
        }
        let (first, mut rest) = split(bytes)?;
        let Frame::Heads(heads) = first else { return Err(NotAnOffer::Frames) };
        let mut offer = Self { heads, entries: Vec::new(), commits: Vec::new(), envelopes: Vec::new() };
        loop {
            let (frame, after) = split(rest)?;
            let length = rest.len() - after.len();
            rest = after;
            if let Frame::End(end) = frame {
                return if rest.is_empty() && !end.moved { Ok(offer) } else { Err(NotAnOffer::Frames) };
            }
            // Else many that say nothing would take much more memory than the body has bytes.
            if length < LEAST_FRAME {
                return Err(NotAnOffer::Frames);
            }
            offer.take(frame)?;
        }
    }

    /// The next frame, if it can stand after those before it.
    fn take(&mut self, frame: Frame) -> Result<(), NotAnOffer> {
        let (no_commits, no_envelopes) = (self.commits.is_empty(), self.envelopes.is_empty());
        match frame {
            Frame::Entry(entry) if no_commits && no_envelopes => {
                self.entries.push(OfferedEntry { entry, sealed_key: None, links: Vec::new() });
            }
            Frame::SealedKey(key) if no_commits && no_envelopes => {
                let entry = self.entries.last_mut().ok_or(NotAnOffer::Frames)?;
                if entry.sealed_key.is_some() || !entry.links.is_empty() {
                    return Err(NotAnOffer::Frames);
                }
                entry.sealed_key = Some(key);
            }
            Frame::Link(link) if no_commits && no_envelopes => {
                self.entries.last_mut().ok_or(NotAnOffer::Frames)?.links.push(link);
            }
            Frame::Commit(_) if self.commits.len() == Self::MOST_COMMITS => return Err(NotAnOffer::TooLarge),
            Frame::Commit(commit) if no_envelopes => self.commits.push(commit),
            Frame::Envelope(bytes) if (envelope::MIN_LEN..=envelope::MAX_LEN).contains(&bytes.len()) => {
                self.envelopes.push(bytes);
            }
            _ => return Err(NotAnOffer::Frames),
        }
        Ok(())
    }
}

/// The first frame, and the bytes after it.
fn split(bytes: &[u8]) -> Result<(Frame, &[u8]), NotAnOffer> {
    let (length, rest) = bytes.split_first_chunk().ok_or(NotAnOffer::Frames)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| NotAnOffer::Frames)?;
    let (frame, rest) = rest.split_at_checked(length).ok_or(NotAnOffer::Frames)?;
    let frame: PullFrame = exact::decode_public(frame, MAX_FRAME).map_err(|_| NotAnOffer::Frames)?;
    Ok((frame.frame.ok_or(NotAnOffer::Frames)?, rest))
}

/// Bytes of a frame.
const MAX_FRAME: usize = 262_144;
/// Bytes of the shortest frame that anything can be in, with its length: a signature has 64, a link 60.
const LEAST_FRAME: usize = 64;

#[cfg(test)]
mod tests {
    use keyfold_crypto::epoch::{LINK_LEN, SEALED_LEN};
    use keyfold_wire::v1::{Element, PullEnd};
    use prost::Message;

    use super::*;

    fn body(frames: &[Frame]) -> Vec<u8> {
        let encoded = frames.iter().flat_map(|frame| {
            let frame = PullFrame { frame: Some(frame.clone()) }.encode_to_vec();
            [u32::try_from(frame.len()).unwrap().to_be_bytes().to_vec(), frame].concat()
        });
        encoded.collect()
    }

    fn whole() -> Vec<Frame> {
        vec![
            Frame::Heads(Heads { roster_seq: 3, ..Heads::default() }),
            Frame::Entry(Signed { body: vec![1], signature: vec![1; 64] }),
            Frame::SealedKey(SealedEpochKey { roster_seq: 2, sealed: vec![2; SEALED_LEN] }),
            Frame::Link(SealedLink { roster_seq: 2, epoch: 1, sealed: vec![3; LINK_LEN] }),
            Frame::Entry(Signed { body: vec![4], signature: vec![4; 64] }),
            Frame::Commit(Signed { body: vec![5], signature: vec![5; 64] }),
            Frame::Envelope(vec![6; envelope::MIN_LEN]),
            Frame::End(PullEnd { moved: false }),
        ]
    }

    #[test]
    fn an_offer_is_the_frames_of_a_pull() {
        let offer = Offer::parse(&body(&whole())).unwrap();
        assert_eq!(offer.heads.roster_seq, 3);
        assert_eq!(offer.entries.len(), 2);
        assert!(offer.entries[0].sealed_key.is_some() && offer.entries[1].sealed_key.is_none());
        assert_eq!((offer.entries[0].links.len(), offer.commits.len(), offer.envelopes.len()), (1, 1, 1));
    }

    #[test]
    fn frames_in_another_order_or_cut_short_are_no_offer() {
        let frames = whole();
        for first in 0..frames.len() - 1 {
            let mut swapped = frames.clone();
            swapped.swap(first, first + 1);
            // A link before the entry is a link of the entry before it.
            if first == 3 {
                continue;
            }
            assert_eq!(Offer::parse(&body(&swapped)), Err(NotAnOffer::Frames), "frames {first} and the next");
        }
        let bytes = body(&frames);
        for length in 0..bytes.len() {
            assert_eq!(Offer::parse(&bytes[..length]), Err(NotAnOffer::Frames), "{length} bytes");
        }
        assert_eq!(Offer::parse(&[bytes.as_slice(), &[0]].concat()), Err(NotAnOffer::Frames));
    }

    /// Millions of them are in a body of the greatest length, and each takes a hundred bytes of memory.
    #[test]
    fn a_frame_that_says_nothing_is_refused() {
        for (place, empty) in [
            (1, Frame::Entry(Signed::default())),
            (2, Frame::SealedKey(SealedEpochKey::default())),
            (3, Frame::Link(SealedLink::default())),
            (5, Frame::Commit(Signed::default())),
        ] {
            let mut frames = whole();
            frames[place] = empty;
            assert_eq!(Offer::parse(&body(&frames)), Err(NotAnOffer::Frames), "frame {place}");
        }
    }

    #[test]
    fn what_no_offer_has_is_refused() {
        let with = |place: usize, frame: Frame| {
            let mut frames = whole();
            frames.insert(place, frame);
            Offer::parse(&body(&frames))
        };
        let element = Frame::Element(Element { item: vec![1; 16], revision: 1, ..Element::default() });
        assert_eq!(with(5, element), Err(NotAnOffer::Frames));
        assert_eq!(with(1, Frame::Heads(Heads::default())), Err(NotAnOffer::Frames));
        assert_eq!(with(7, Frame::Envelope(vec![0; envelope::MIN_LEN - 1])), Err(NotAnOffer::Frames));
        let mut moved = whole();
        moved[7] = Frame::End(PullEnd { moved: true });
        assert_eq!(Offer::parse(&body(&moved)), Err(NotAnOffer::Frames));
        assert_eq!(Offer::parse(&vec![0; Offer::MOST + 1]), Err(NotAnOffer::TooLarge));
        let mut many = vec![whole()[0].clone()];
        many.resize(Offer::MOST_COMMITS + 1, Frame::Commit(Signed { body: vec![5; 64], signature: vec![5; 64] }));
        many.push(Frame::End(PullEnd { moved: false }));
        assert!(Offer::parse(&body(&many)).is_ok());
        many.insert(1, many[1].clone());
        assert_eq!(Offer::parse(&body(&many)), Err(NotAnOffer::TooLarge));
    }
}
