use std::sync::Arc;

use keyfold_vault::Services;
use tokio::sync::watch;

use super::{BodyBudget, Heartbeat, Seats};
use crate::rates::Rates;

/// What every route has at hand.
pub(crate) struct State {
    pub(crate) services: Arc<Services>,
    pub(crate) rates: Rates,
    pub(crate) bodies: BodyBudget,
    pub(crate) seats: Seats,
    pub(crate) trust_forwarded_for: bool,
    pub(crate) database: Heartbeat,
    /// Turns true when the server begins to stop: streams end.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl State {
    /// Returns once the server begins to stop.
    pub(crate) async fn stop(&self) {
        let mut stopping = self.stopping.clone();
        // The sender is gone only when the server is.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }
}
