use bytes::{BufMut, Bytes, BytesMut};
use keyfold_wire::v1::{PullFrame, pull_frame::Frame};
use prost::Message;

/// Frames as they travel: each `u32 big-endian length ‖ PullFrame`.
#[derive(Debug, Default)]
pub(super) struct Frames(BytesMut);

impl Frames {
    pub(super) fn push(&mut self, frame: Frame) {
        let frame = PullFrame { frame: Some(frame) };
        let length = frame.encoded_len();
        self.0.reserve(4 + length);
        // No frame comes near 4 GiB: the longest is a commit of 128 KiB.
        self.0.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
        frame.encode_raw(&mut self.0);
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.0.freeze()
    }
}

#[cfg(test)]
mod tests {
    use keyfold_wire::v1::PullEnd;

    use super::*;

    #[test]
    fn a_frame_is_its_length_and_its_bytes() {
        let mut frames = Frames::default();
        frames.push(Frame::Envelope(vec![7; 3]));
        frames.push(Frame::End(PullEnd { moved: true }));
        assert_eq!(frames.into_bytes().as_ref(), b"\0\0\0\x05\x3a\x03\x07\x07\x07\0\0\0\x04\x42\x02\x08\x01");
    }
}
