use super::ApiError;
use crate::transport::Answer;

/// The server says that a head may have moved. It changes nothing by itself: it causes a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint;

/// Push hints: server-sent events, of which only that they come matters.
pub struct Hints {
    answer: Answer,
    /// Whether the current line has shown no byte yet, and whether the current event has data.
    line: Line,
    event: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Empty,
    Data(usize),
    Other,
}

impl Hints {
    pub(super) fn new(answer: Answer) -> Self {
        Self { answer, line: Line::Empty, event: false }
    }

    /// The next hint; several that have arrived together are one. `None` where the stream ends.
    pub async fn next(&mut self) -> Result<Option<Hint>, ApiError> {
        while let Some(piece) = self.answer.body.piece().await? {
            let mut hint = false;
            for byte in piece {
                hint |= self.read(byte);
            }
            if hint {
                return Ok(Some(Hint));
            }
        }
        Ok(None)
    }

    /// Whether this byte ends an event that has data. Comments (":") only keep the line open.
    fn read(&mut self, byte: u8) -> bool {
        match (self.line, byte) {
            (_, b'\r') => false,
            (Line::Empty, b'\n') => std::mem::take(&mut self.event),
            (line, b'\n') => {
                self.event |= matches!(line, Line::Data(seen) if seen == DATA.len());
                self.line = Line::Empty;
                false
            }
            (Line::Empty, byte) => {
                self.line = if DATA.first() == Some(&byte) { Line::Data(1) } else { Line::Other };
                false
            }
            (Line::Data(seen), byte) if seen < DATA.len() => {
                self.line = if DATA.get(seen) == Some(&byte) { Line::Data(seen + 1) } else { Line::Other };
                false
            }
            _ => false,
        }
    }
}

const DATA: &[u8] = b"data:";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;
    use crate::transport::{Body, TransportError, slow::Slow};

    struct Pieces(Vec<&'static str>);

    #[async_trait]
    impl Body for Pieces {
        async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
            Ok(if self.0.is_empty() { None } else { Some(self.0.remove(0).as_bytes().to_vec()) })
        }
    }

    #[tokio::test]
    async fn only_events_with_data_are_hints() {
        let pieces = vec![": open\n\n", "da", "ta: 7\r\n\r\n", "event: x\n\n", "data:1\n\ndata:2\n\n", "data"];
        let mut hints = Hints::new(Answer { status: 200, body: Box::new(Pieces(pieces)) });
        assert_eq!(hints.next().await.unwrap(), Some(Hint));
        assert_eq!(hints.next().await.unwrap(), Some(Hint), "two that came together are one");
        assert_eq!(hints.next().await.unwrap(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn hints_may_be_as_slow_as_they_like() {
        let mut left = 30_i32;
        let quiet = Slow(move || {
            left -= 1;
            Some((Duration::from_secs(20), if left > 0 { b":\n\n".to_vec() } else { b"data:\n\n".to_vec() }))
        });
        assert_eq!(Hints::new(quiet.answer()).next().await.unwrap(), Some(Hint));
    }
}
