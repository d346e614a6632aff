use keyfold_crypto::exact;
use keyfold_wire::v1::{PullFrame, pull_frame};

use super::{ApiError, pull_order::PullOrder};
use crate::transport::{Answer, Paced};

/// One message of a pull.
pub type Frame = pull_frame::Frame;

/// A pull as it arrives: frames of `u32 big-endian length ‖ PullFrame`. A server must send it at 4 KiB a second or faster.
pub struct PullStream {
    body: Paced,
    buffer: Vec<u8>,
    read: usize,
    order: PullOrder,
}

impl PullStream {
    pub(super) fn new(answer: Answer, brief: bool) -> Self {
        Self { body: Paced::new(answer), buffer: Vec::new(), read: 0, order: PullOrder::new(brief) }
    }

    /// The next frame; `None` where the stream ends.
    ///
    /// # Errors
    /// [`ApiError::BadAnswer`] if it ends within a frame, or a frame is longer than any can be, or cannot stand here;
    /// [`TransportError::Timeout`](crate::transport::TransportError::Timeout) if it is too slow.
    pub async fn frame(&mut self) -> Result<Option<Frame>, ApiError> {
        let Some(length) = self.take(LENGTH).await? else { return Ok(None) };
        let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        if length > MAX_FRAME {
            return Err(ApiError::BadAnswer("a frame that is too long"));
        }
        let bytes = self.take(length).await?.ok_or(CUT_SHORT)?;
        let frame: PullFrame =
            exact::decode_public(bytes, MAX_FRAME).map_err(|_| ApiError::BadAnswer("a frame that is no frame"))?;
        let frame = frame.frame.ok_or(ApiError::BadAnswer("an empty frame"))?;
        self.order.take(&frame)?;
        Ok(Some(frame))
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
mod tests;
