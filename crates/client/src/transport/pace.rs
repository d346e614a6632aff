use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{Answer, Body, TransportError};

/// A stream that must keep a least pace: all the waiting for it takes at most 30 seconds and one more for each 4 KiB.
///
/// Only waiting counts, not what the reader does between two pieces.
pub(crate) struct Paced {
    body: Box<dyn Body>,
    /// How long it may be waited for.
    credit: Duration,
}

impl Paced {
    pub(crate) fn new(answer: Answer) -> Self {
        Self { body: answer.body, credit: GRACE }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`TransportError::Timeout`] once the stream is too slow.
    pub(crate) async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let asked = Instant::now();
        let piece = timeout(self.credit, self.body.piece()).await.map_err(|_| TransportError::Timeout)??;
        let earned = piece.as_ref().map_or(Duration::ZERO, |piece| earned(piece.len()));
        // What came early is no reason to wait longer later.
        self.credit = self.credit.saturating_sub(asked.elapsed()).saturating_add(earned).min(GRACE);
        Ok(piece)
    }
}

fn earned(bytes: usize) -> Duration {
    Duration::from_micros(u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(1_000_000) / LEAST_RATE)
}

/// The longest pause.
const GRACE: Duration = Duration::from_secs(30);
/// Bytes in a second.
const LEAST_RATE: u64 = 4 * 1024;
