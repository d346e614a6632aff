//! Parts of an offer, to be changed.

use keyfold_client::api::Frame;
use keyfold_wire::v1::{Heads, SealedEpochKey, SealedLink, Signed};

/// The heads that an offer names.
pub(crate) fn named(offer: &mut [Frame]) -> &mut Heads {
    let Some(Frame::Heads(heads)) = offer.first_mut() else { panic!("heads come first") };
    heads
}

pub(crate) fn signature(receipt: &mut Option<Signed>) -> &mut [u8] {
    &mut receipt.as_mut().unwrap().signature
}

pub(crate) fn find(offer: &mut [Frame], is_it: impl Fn(&Frame) -> bool) -> &mut Frame {
    offer.iter_mut().find(|frame| is_it(frame)).unwrap()
}

pub(crate) fn drop_first(offer: &mut Vec<Frame>, is_it: impl Fn(&Frame) -> bool) {
    let place = offer.iter().position(is_it).unwrap();
    offer.remove(place);
}

pub(crate) fn entry(offer: &mut [Frame]) -> &mut Signed {
    let Frame::Entry(entry) = find(offer, |frame| matches!(frame, Frame::Entry(_))) else { panic!("an entry") };
    entry
}

pub(crate) fn commits(offer: &mut [Frame]) -> [&mut Signed; 2] {
    let commits = offer.iter_mut().filter_map(|frame| match frame {
        Frame::Commit(commit) => Some(commit),
        _ => None,
    });
    commits.collect::<Vec<_>>().try_into().unwrap()
}

pub(crate) fn is_key(frame: &Frame) -> bool {
    matches!(frame, Frame::SealedKey(_))
}

pub(crate) fn key(offer: &mut [Frame]) -> &mut SealedEpochKey {
    let Frame::SealedKey(key) = find(offer, is_key) else { panic!("a key") };
    key
}

pub(crate) fn link(offer: &mut [Frame]) -> &mut SealedLink {
    let Frame::Link(link) = find(offer, |frame| matches!(frame, Frame::Link(_))) else { panic!("a link") };
    link
}

pub(crate) fn last_byte(bytes: &mut [u8]) -> &mut u8 {
    bytes.last_mut().unwrap()
}
