use std::{error::Error, time::Duration};

use async_trait::async_trait;
use reqwest::{Client, Response, redirect::Policy};

use super::{Answer, BadCertificates, Body, Method, Request, ServerUrl, Transport, TransportError, Trust};

/// HTTPS to one server: TLS 1.3 only, no redirect, no proxy from the environment.
#[derive(Debug, Clone)]
pub struct HttpsTransport {
    client: Client,
    server: ServerUrl,
}

impl HttpsTransport {
    /// A transport to `server`.
    ///
    /// # Errors
    /// [`BadCertificates`].
    pub fn new(server: ServerUrl, trust: &Trust) -> Result<Self, BadCertificates> {
        let client = Client::builder()
            .tls_backend_preconfigured(trust.tls()?)
            .https_only(true)
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|error| BadCertificates::Platform(error.to_string()))?;
        Ok(Self { client, server })
    }
}

#[async_trait]
impl Transport for HttpsTransport {
    async fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
        let url = format!("{}{}", self.server, request.path);
        let builder = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url).body(request.body),
        };
        let builder = request.headers.into_iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        let response = builder.send().await.map_err(|error| classify(&error))?;
        Ok(Answer { status: response.status().as_u16(), body: Box::new(Incoming(response)) })
    }
}

struct Incoming(Response);

#[async_trait]
impl Body for Incoming {
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let piece = tokio::time::timeout(PIECE_TIMEOUT, self.0.chunk()).await.map_err(|_| TransportError::Timeout)?;
        let piece = piece.map_err(|error| classify(&error))?;
        Ok(piece.map(|piece| piece.to_vec()))
    }
}

fn classify(error: &reqwest::Error) -> TransportError {
    let cause = causes(error).last().map_or_else(|| "no further cause is known".to_owned(), ToString::to_string);
    let refused = causes(error).find_map(|error| error.downcast_ref::<rustls::Error>());
    // Not what is no TLS at all: somebody else serves there.
    use rustls::{
        AlertDescription::ProtocolVersion,
        Error::{AlertReceived, InvalidCertificate, PeerIncompatible},
    };
    if matches!(refused, Some(InvalidCertificate(_) | PeerIncompatible(_) | AlertReceived(ProtocolVersion))) {
        TransportError::Untrusted(cause)
    } else if error.is_timeout() {
        TransportError::Timeout
    } else if error.is_connect() {
        TransportError::Unreachable(cause)
    } else {
        TransportError::Broken(cause)
    }
}

/// What lies behind an error, down to the first cause. An `io::Error` passes over what it wraps in `source`.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| {
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        wrapped.map(|error| error as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two pieces of an answer. A stream of hints says something at least every 30 seconds. (reqwest's own read timeout
/// would also run while a long request is sent.)
const PIECE_TIMEOUT: Duration = Duration::from_secs(75);
