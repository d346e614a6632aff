use keyfold_client::api::Frame;
use keyfold_wire::v1::PullFrame;
use prost::Message;

/// A pull's frames.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (frame, rest) = rest.split_at(usize::try_from(u32::from_be_bytes(*length)).unwrap());
        frames.push(PullFrame::decode(frame).unwrap().frame.unwrap());
        bytes = rest;
    }
    frames
}

pub(crate) fn bytes(frames: Vec<Frame>) -> Vec<u8> {
    let frames = frames.into_iter().map(|frame| PullFrame { frame: Some(frame) }.encode_to_vec());
    frames.flat_map(|frame| [&u32::try_from(frame.len()).unwrap().to_be_bytes(), frame.as_slice()].concat()).collect()
}
