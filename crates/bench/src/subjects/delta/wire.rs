use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use keyfold_client::transport::{Answer, Body, HttpsTransport, Request, Transport, TransportError, Trust};

use crate::failure::Failure;

/// The way from one device to the server, which remembers what came back.
pub(super) struct Wire {
    https: HttpsTransport,
    received: Mutex<Vec<(String, Vec<u8>)>>,
}

impl Wire {
    pub(super) fn new(server: &str, trust: &Trust) -> Result<Self, Failure> {
        let server = server.parse().map_err(Failure::client("the server's URL"))?;
        let https = HttpsTransport::new(server, trust).map_err(Failure::client("TLS"))?;
        Ok(Self { https, received: Mutex::default() })
    }

    /// Paths and bodies of the answers since the last [`Self::forget`].
    pub(super) fn received(&self) -> Vec<(String, Vec<u8>)> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn forget(&self) {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[async_trait]
impl Transport for Wire {
    async fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
        let path = request.path.clone();
        let answer = self.https.exchange(request).await?;
        let status = answer.status;
        let body = answer.read(usize::MAX).await?;
        self.received.lock().unwrap_or_else(PoisonError::into_inner).push((path, body.clone()));
        Ok(Answer { status, body: Box::new(Whole(Some(body))) })
    }
}

/// A body that is all here already.
struct Whole(Option<Vec<u8>>);

#[async_trait]
impl Body for Whole {
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        Ok(self.0.take())
    }
}
