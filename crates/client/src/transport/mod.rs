//! One HTTP exchange with the server, and nothing of what is in it.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod error;
mod https;
mod pace;
mod server_url;
#[cfg(test)]
pub(crate) mod slow;
mod trust;

use std::{fmt, time::Duration};

use async_trait::async_trait;

pub use error::TransportError;
pub use https::HttpsTransport;
pub(crate) use pace::Paced;
pub use server_url::{NotAServerUrl, ServerUrl};
pub use trust::{BadCertificates, Trust};

/// Carries requests to one server. A phone may bring its own.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request and gives the answer's head; its body is read piece by piece. The caller bounds the time, and drops
    /// what takes longer.
    ///
    /// Redirects are never followed, and nothing is compressed.
    async fn exchange(&self, request: Request) -> Result<Answer, TransportError>;
}

/// A request to the server that the transport was made for.
#[derive(Clone)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// Path and query, from `/v1/` on.
    pub path: String,
    /// Header fields beside those that HTTP itself needs.
    pub headers: Vec<(&'static str, String)>,
    /// Empty for a GET.
    pub body: Vec<u8>,
    /// How long sending it and waiting for the answer's head may take.
    pub patience: Duration,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method.name(), self.path, self.body.len())
    }
}

/// The two methods that the device API has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Changes.
    Post,
}

impl Method {
    /// As it stands in a request line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// The server's answer.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What follows.
    pub body: Box<dyn Body>,
}

/// An answer's body as it arrives. Who reads it bounds the time: [`Answer::read`] for what is not a stream.
#[async_trait]
pub trait Body: Send {
    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError>;
}

impl Answer {
    /// The whole body, at most `limit` bytes, within 30 seconds.
    ///
    /// # Errors
    /// [`TransportError::TooLarge`] as soon as there is more, [`TransportError::Timeout`].
    pub async fn read(self, limit: usize) -> Result<Vec<u8>, TransportError> {
        tokio::time::timeout(WHOLE, self.read_on(limit)).await.map_err(|_| TransportError::Timeout)?
    }

    async fn read_on(mut self, limit: usize) -> Result<Vec<u8>, TransportError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.body.piece().await? {
            if piece.len() > limit - whole.len() {
                return Err(TransportError::TooLarge { limit });
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

/// For 64 KiB at most. Whoever waits for an answer may hold its profile's step, so no server may make it wait for ever.
const WHOLE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::{slow::Slow, *};

    const LIMIT: usize = 1_024;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_dribbles_its_answer_is_not_waited_for() {
        let dribble = Slow(|| Some((Duration::from_secs(74), vec![0])));
        assert_eq!(dribble.answer().read(LIMIT).await, Err(TransportError::Timeout));
        let mute = Slow(|| Some((Duration::MAX, vec![0])));
        assert_eq!(mute.answer().read(LIMIT).await, Err(TransportError::Timeout));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_is_taken_whole() {
        let mut left = 20;
        let slow = Slow(move || {
            left -= 1;
            (left >= 0).then(|| (Duration::from_secs(1), vec![7; 50]))
        });
        assert_eq!(slow.answer().read(LIMIT).await, Ok(vec![7; 1_000]));
    }

    #[tokio::test]
    async fn an_endless_answer_is_not_read_beyond_its_limit() {
        let mut pieces = 0;
        let endless = Slow(move || {
            pieces += 1;
            assert!(pieces <= 9, "with the ninth piece it was too long");
            Some((Duration::ZERO, vec![7; 128]))
        });
        assert_eq!(endless.answer().read(LIMIT).await, Err(TransportError::TooLarge { limit: LIMIT }));
        let mut left = 8;
        let just_fits = Slow(move || {
            left -= 1;
            (left >= 0).then(|| (Duration::ZERO, vec![7; 128]))
        });
        assert_eq!(just_fits.answer().read(LIMIT).await.map(|whole| whole.len()), Ok(LIMIT));
    }
}
