use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use keyfold_client::transport::{Answer, Body, HttpsTransport, Request, Transport, TransportError};
use tokio::sync::Barrier;

/// The way from one device to the server: it remembers what went over it, and mishaps can be laid on it.
pub struct Wire {
    https: HttpsTransport,
    mishaps: Mutex<VecDeque<(&'static str, Mishap)>>,
    exchanges: Mutex<Vec<Exchange>>,
}

/// What happens to the next request of a route.
#[derive(Debug, Clone)]
pub enum Mishap {
    /// It never reaches the server.
    RequestLost,
    /// The server had closed the connection, or closes it when it has acted.
    ConnectionClosed(Closed),
    /// The server acts on it, and its answer does not come back.
    AnswerLost,
    /// The connection breaks after this many bytes of the answer.
    AnswerBroken(usize),
    /// The answer ends after this many bytes as if that were all of it.
    AnswerCut(usize),
    /// It waits until as many requests as the barrier counts wait.
    Held(Arc<Barrier>),
}

/// When a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    Before,
    After,
}

/// A request that reached the server, and the whole of its answer, also if the device never heard it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub path: String,
    pub sent: Vec<u8>,
    pub status: u16,
    pub answer: Vec<u8>,
}

impl Wire {
    pub(super) fn new(https: HttpsTransport) -> Self {
        Self { https, mishaps: Mutex::default(), exchanges: Mutex::default() }
    }

    /// Lays a mishap on the next request whose path begins so. Several on one route happen one after the other.
    pub fn lay(&self, path: &'static str, mishap: Mishap) {
        self.mishaps.lock().unwrap().push_back((path, mishap));
    }

    /// What reached the server on paths that begin so.
    pub fn exchanges(&self, path: &str) -> Vec<Exchange> {
        let exchanges = self.exchanges.lock().unwrap();
        exchanges.iter().filter(|exchange| exchange.path.starts_with(path)).cloned().collect()
    }

    fn next_mishap(&self, path: &str) -> Option<Mishap> {
        let mut mishaps = self.mishaps.lock().unwrap();
        let next = mishaps.iter().position(|(route, _)| path.starts_with(route))?;
        mishaps.remove(next).map(|(_, mishap)| mishap)
    }
}

#[async_trait]
impl Transport for Wire {
    async fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
        let mishap = self.next_mishap(&request.path);
        match &mishap {
            Some(Mishap::RequestLost) => return Err(TransportError::Timeout),
            Some(Mishap::ConnectionClosed(Closed::Before)) => return Err(broken()),
            Some(Mishap::Held(barrier)) => {
                barrier.wait().await;
            }
            _ => {}
        }
        let (path, sent) = (request.path.clone(), request.body.clone());
        let answer = self.https.exchange(request).await?;
        let status = answer.status;
        let answer = answer.read(usize::MAX).await?;
        self.exchanges.lock().unwrap().push(Exchange { path, sent, status, answer: answer.clone() });
        let (heard, end) = match mishap {
            Some(Mishap::AnswerLost) => return Err(TransportError::Timeout),
            Some(Mishap::ConnectionClosed(Closed::After)) => return Err(broken()),
            Some(Mishap::AnswerBroken(bytes)) => (answer[..bytes].to_vec(), Err(broken())),
            Some(Mishap::AnswerCut(bytes)) => (answer[..bytes].to_vec(), Ok(None)),
            _ => (answer, Ok(None)),
        };
        Ok(Answer { status, body: Box::new(Heard { heard: Some(heard), end }) })
    }
}

/// What comes of an answer.
struct Heard {
    heard: Option<Vec<u8>>,
    end: Result<Option<Vec<u8>>, TransportError>,
}

#[async_trait]
impl Body for Heard {
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        match self.heard.take() {
            Some(heard) => Ok(Some(heard)),
            None => self.end.clone(),
        }
    }
}

fn broken() -> TransportError {
    TransportError::Broken("the wire was cut".to_owned())
}
