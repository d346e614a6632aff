//! A server that takes its time.

use std::time::Duration;

use async_trait::async_trait;

use super::{Answer, Body, TransportError};

/// What comes next, and how long it lets the client wait for it; `None` at the end.
pub(crate) struct Slow<F>(pub(crate) F);

impl<F: FnMut() -> Option<(Duration, Vec<u8>)> + Send + 'static> Slow<F> {
    pub(crate) fn answer(self) -> Answer {
        Answer { status: 200, body: Box::new(self) }
    }
}

#[async_trait]
impl<F: FnMut() -> Option<(Duration, Vec<u8>)> + Send> Body for Slow<F> {
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let Some((pause, piece)) = (self.0)() else { return Ok(None) };
        tokio::time::sleep(pause).await;
        Ok(Some(piece))
    }
}
