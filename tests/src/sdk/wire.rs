use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use keyfold_client::transport::{Answer, Body, Request, Transport, TransportError};
use tokio::sync::Barrier;

/// The way from one device to the server: it remembers what went over it, and mishaps can be laid on it.
pub struct Wire {
    way: Box<dyn Transport>,
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
    /// The connection breaks after this many bytes of the answer, or at its end.
    AnswerBroken(usize),
    /// The answer ends after this many bytes as if that were all of it.
    AnswerCut(usize),
    /// It waits until as many requests as the barrier counts wait.
    Held(Arc<Barrier>),
    /// Nothing: what was laid behind it is for the request after it.
    Spared,
    /// A bit of the answer is another: the one at this place, counted round.
    AnswerChanged(usize),
    /// The first answer that there was on the same path comes once more.
    AnswerRepeated,
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
    pub fn new(way: impl Transport + 'static) -> Self {
        Self { way: Box::new(way), mishaps: Mutex::default(), exchanges: Mutex::default() }
    }

    /// Lays a mishap on the next request whose path begins so. Several on one route happen one after the other.
    pub fn lay(&self, path: &'static str, mishap: Mishap) {
        self.mishaps.lock().unwrap().push_back((path, mishap));
    }

    /// Nothing lies on it any more.
    pub fn clear(&self) {
        self.mishaps.lock().unwrap().clear();
    }

    /// What reached the server on paths that begin so.
    pub fn exchanges(&self, path: &str) -> Vec<Exchange> {
        let exchanges = self.exchanges.lock().unwrap();
        exchanges.iter().filter(|exchange| exchange.path.starts_with(path)).cloned().collect()
    }

    fn first_answer(&self, path: &str) -> (u16, Vec<u8>) {
        let exchanges = self.exchanges.lock().unwrap();
        let first = exchanges.iter().find(|exchange| exchange.path == path).unwrap();
        (first.status, first.answer.clone())
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
        let answer = self.way.exchange(request).await?;
        let mut status = answer.status;
        let mut answer = answer.read(usize::MAX).await?;
        self.exchanges.lock().unwrap().push(Exchange { path: path.clone(), sent, status, answer: answer.clone() });
        match mishap {
            Some(Mishap::AnswerChanged(place)) if !answer.is_empty() => {
                let place = place % (8 * answer.len());
                answer[place / 8] ^= 1 << (place % 8);
            }
            Some(Mishap::AnswerRepeated) => (status, answer) = self.first_answer(&path),
            _ => {}
        }
        let (heard, end) = match mishap {
            Some(Mishap::AnswerLost) => return Err(TransportError::Timeout),
            Some(Mishap::ConnectionClosed(Closed::After)) => return Err(broken()),
            Some(Mishap::AnswerBroken(bytes)) => (answer[..bytes.min(answer.len())].to_vec(), Err(broken())),
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
