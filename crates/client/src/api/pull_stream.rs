use keyfold_crypto::exact;
use keyfold_wire::v1::{PullFrame, pull_frame};

use super::ApiError;
use crate::transport::{Answer, Paced};

/// One message of a pull.
pub type Frame = pull_frame::Frame;

/// A pull as it arrives: frames of `u32 big-endian length ‖ PullFrame`. A server must send it at 4 KiB a second or faster.
pub struct PullStream {
    body: Paced,
    buffer: Vec<u8>,
    read: usize,
}

impl PullStream {
    pub(super) fn new(answer: Answer) -> Self {
        Self { body: Paced::new(answer), buffer: Vec::new(), read: 0 }
    }

    /// The next frame; `None` where the stream ends.
    ///
    /// # Errors
    /// [`ApiError::BadAnswer`] if it ends within a frame, or a frame is longer than any can be;
    /// [`TransportError::Timeout`](crate::transport::TransportError::Timeout) if it is too slow.
    pub async fn frame(&mut self) -> Result<Option<Frame>, ApiError> {
        let Some(length) = self.take(LENGTH).await? else { return Ok(None) };
        let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        if length > MAX_FRAME {
            return Err(ApiError::BadAnswer("a frame that is too long"));
        }
        let bytes = self.take(length).await?.ok_or(CUT_SHORT)?;
        let frame: PullFrame =
            exact::decode(bytes, MAX_FRAME).map_err(|_| ApiError::BadAnswer("a frame that is no frame"))?;
        frame.frame.map(Some).ok_or(ApiError::BadAnswer("an empty frame"))
    }

    /// The next `length` bytes; `None` if the stream ends before the first.
    async fn take(&mut self, length: usize) -> Result<Option<&[u8]>, ApiError> {
        while self.buffer.len() - self.read < length {
            match self.body.piece().await? {
                Some(piece) => {
                    self.buffer.drain(..self.read);
                    self.read = 0;
                    self.buffer.extend_from_slice(&piece);
                }
                None if self.buffer.len() == self.read => return Ok(None),
                None => return Err(CUT_SHORT),
            }
        }
        let start = self.read;
        self.read += length;
        self.buffer.get(start..start + length).map(Some).ok_or(CUT_SHORT)
    }
}

const CUT_SHORT: ApiError = ApiError::BadAnswer("a pull that was cut short");
const LENGTH: usize = 4;
/// A signed commit with 1,000 changes is the longest.
const MAX_FRAME: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, time::Duration};

    use async_trait::async_trait;
    use keyfold_wire::v1::PullEnd;
    use prost::Message;

    use super::*;
    use crate::transport::{Body, TransportError, slow::Slow};

    struct Pieces(VecDeque<Vec<u8>>);

    #[async_trait]
    impl Body for Pieces {
        async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
            Ok(self.0.pop_front())
        }
    }

    fn stream(bytes: &[u8], piece: usize) -> PullStream {
        let pieces = bytes.chunks(piece).map(<[u8]>::to_vec).collect();
        PullStream::new(Answer { status: 200, body: Box::new(Pieces(pieces)) })
    }

    fn two_frames() -> Vec<u8> {
        let frames = [Frame::Envelope(vec![7; 300]), Frame::End(PullEnd { moved: true })];
        let encoded = frames.map(|frame| PullFrame { frame: Some(frame) }.encode_to_vec());
        encoded
            .iter()
            .flat_map(|frame| [&u32::try_from(frame.len()).unwrap().to_be_bytes(), frame.as_slice()].concat())
            .collect()
    }

    #[tokio::test]
    async fn frames_arrive_whole_whatever_the_pieces() {
        for piece in [1, 3, 100, 1_000] {
            let mut stream = stream(&two_frames(), piece);
            assert_eq!(stream.frame().await.unwrap(), Some(Frame::Envelope(vec![7; 300])));
            assert_eq!(stream.frame().await.unwrap(), Some(Frame::End(PullEnd { moved: true })));
            assert_eq!(stream.frame().await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn a_stream_that_is_cut_short_is_not_taken_for_its_end() {
        let bytes = two_frames();
        for length in 1..4 {
            let mut stream = stream(&bytes[..bytes.len() - length], 50);
            assert!(stream.frame().await.is_ok());
            assert_eq!(stream.frame().await, Err(CUT_SHORT));
        }
    }

    #[tokio::test]
    async fn a_huge_frame_is_refused_before_it_is_read() {
        assert!(stream(&[0xff; 8], 8).frame().await.is_err());
    }

    const TOO_SLOW: ApiError = ApiError::Transport(TransportError::Timeout);

    /// The frame of an envelope, 4 KiB in all.
    fn frame() -> Vec<u8> {
        let frame = PullFrame { frame: Some(Frame::Envelope(vec![7; 4_089])) }.encode_to_vec();
        [&u32::try_from(frame.len()).unwrap().to_be_bytes(), frame.as_slice()].concat()
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_dribbles_a_pull_is_not_waited_for() {
        let mut dribble = PullStream::new(Slow(|| Some((Duration::from_secs(29), vec![0]))).answer());
        assert_eq!(dribble.frame().await, Err(TOO_SLOW));
        let mut mute = PullStream::new(Slow(|| Some((Duration::MAX, vec![0]))).answer());
        assert_eq!(mute.frame().await, Err(TOO_SLOW));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_cannot_dribble_because_it_was_fast_before() {
        let mut fast = 1_000;
        let mut stream = PullStream::new(
            Slow(move || {
                fast -= 1;
                Some(if fast >= 0 { (Duration::ZERO, frame()) } else { (Duration::from_secs(29), vec![0]) })
            })
            .answer(),
        );
        for _ in 0..1_000 {
            assert!(stream.frame().await.is_ok());
        }
        assert_eq!(stream.frame().await, Err(TOO_SLOW));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_with_pauses_brings_a_long_pull_to_its_end() {
        let mut left = 10_000_u32;
        let mut stream = PullStream::new(
            Slow(move || {
                left = left.checked_sub(1)?;
                let pause = if left.is_multiple_of(100) { Duration::from_secs(25) } else { Duration::from_millis(700) };
                Some((pause, frame()))
            })
            .answer(),
        );
        let mut frames = 0;
        while stream.frame().await.unwrap().is_some() {
            frames += 1;
        }
        assert_eq!(frames, 10_000);
    }

    #[tokio::test(start_paused = true)]
    async fn what_this_device_takes_to_store_a_frame_is_not_the_servers_fault() {
        let mut stream = PullStream::new(Slow(|| Some((Duration::from_millis(900), frame()))).answer());
        for _ in 0..100 {
            assert!(stream.frame().await.is_ok());
            tokio::time::advance(Duration::from_secs(60)).await;
        }
    }
}
