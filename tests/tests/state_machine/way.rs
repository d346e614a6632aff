use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use keyfold_client::transport::{Answer, Request, Transport, TransportError};
use keyfold_tests::{memory::Power, sdk::InProcess};

/// The way from one device to whichever server it is shown, as long as the device has power and is not parted from it.
#[derive(Clone)]
pub(crate) struct Way(Arc<State>);

struct State {
    server: Mutex<InProcess>,
    power: Arc<Power>,
    is_parted: AtomicBool,
    /// How often a request lets others go first, one after the other.
    pace: Vec<usize>,
    sent: AtomicUsize,
}

impl Way {
    pub(crate) fn to(server: InProcess, power: Arc<Power>, pace: Vec<usize>) -> Self {
        let (server, is_parted) = (Mutex::new(server), AtomicBool::new(false));
        Self(Arc::new(State { server, power, is_parted, pace, sent: AtomicUsize::new(0) }))
    }

    pub(crate) fn leads_to(&self, server: InProcess) {
        *self.0.server.lock().unwrap() = server;
    }

    pub(crate) fn server(&self) -> InProcess {
        self.0.server.lock().unwrap().clone()
    }

    pub(crate) fn part(&self, is_parted: bool) {
        self.0.is_parted.store(is_parted, Ordering::Relaxed);
    }

    pub(crate) fn is_parted(&self) -> bool {
        self.0.is_parted.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Transport for Way {
    async fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
        self.0.power.sends()?;
        if self.is_parted() {
            return Err(TransportError::Unreachable("it is parted from its server".to_owned()));
        }
        let sent = self.0.sent.fetch_add(1, Ordering::Relaxed);
        for _ in 0..self.0.pace.get(sent % self.0.pace.len().max(1)).copied().unwrap_or(0) {
            tokio::task::yield_now().await;
        }
        let server = self.server();
        let answer = server.exchange(request).await?;
        self.0.power.hears()?;
        Ok(answer)
    }
}
