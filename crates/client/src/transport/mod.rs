//! One HTTP exchange with the server, and nothing of what is in it.

mod error;
mod https;
mod server_url;
mod trust;

use std::{fmt, time::Duration};

use async_trait::async_trait;

pub use error::TransportError;
pub use https::HttpsTransport;
pub use server_url::{NotAServerUrl, ServerUrl};
pub use trust::{BadCertificates, Trust};

/// Carries requests to one server. A phone may bring its own.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request and gives the answer's head; its body is read piece by piece.
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
    /// How long the answer's head may take.
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

/// An answer's body as it arrives.
#[async_trait]
pub trait Body: Send {
    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError>;
}

impl Answer {
    /// The whole body, at most `limit` bytes.
    ///
    /// # Errors
    /// [`TransportError::TooLarge`] as soon as there is more.
    pub async fn read(mut self, limit: usize) -> Result<Vec<u8>, TransportError> {
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
