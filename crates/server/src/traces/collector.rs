use std::{fmt, time::Duration};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::{Client, redirect::Policy};
use tokio::runtime::Handle;

/// The way to a collector. Whoever exports does so on a thread of its own: the requests are made where the sockets are.
pub(super) struct Collector {
    client: Client,
    runtime: Handle,
}

/// A collector says more than anyone needs to know.
#[derive(Debug, thiserror::Error)]
#[error("the collector's answer has more than {MOST} bytes")]
struct Wordy;

impl Collector {
    /// For a collector at this URL, within a runtime.
    pub(super) fn new(endpoint: &str) -> Result<Self, reqwest::Error> {
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE);
        // Without TLS there is no need of the machine's certificates, and it may have none.
        let client = if endpoint.starts_with("https://") { client } else { client.tls_certs_only([]) };
        Ok(Self { client: client.build()?, runtime: Handle::current() })
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { send(&client, request).await }).await?
    }
}

async fn send(client: &Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if piece.len() > MOST.saturating_sub(body.len()) {
            return Err(Wordy.into());
        }
        body.extend_from_slice(&piece);
    }
    Ok(Response::builder().status(answer.status()).body(body.into())?)
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector(..)")
    }
}

/// For a request to the collector and its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const MOST: usize = 64 * 1024;
