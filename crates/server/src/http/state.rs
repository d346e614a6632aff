use std::{future::Future, sync::Arc, time::Instant};

use keyfold_store::Database;
use keyfold_vault::{Bus, Services};
use keyfold_wire::v1::ProblemCode;
use tokio::{runtime::Handle, sync::watch};
use tracing::Instrument;

use super::{BodyBudget, Heartbeat, Seats, error::Refusal};
use crate::{meters::Meters, rates::Rates};

/// What every route has at hand.
pub(crate) struct State {
    pub(crate) services: Arc<Services>,
    pub(crate) assurance: Arc<keyfold_assurance::Services>,
    pub(crate) rates: Rates,
    pub(crate) bodies: BodyBudget,
    pub(crate) seats: Seats,
    pub(crate) trust_forwarded_for: bool,
    pub(crate) meters: Meters,
    pub(crate) heartbeat: Heartbeat,
    /// What the services store in and tell by: here only to be watched.
    pub(crate) database: Database,
    pub(crate) bus: Arc<dyn Bus>,
    /// Held once by each open connection, beside this.
    pub(crate) connections: Arc<()>,
    /// Where the services work, so that no connection waits for another's signatures.
    pub(crate) workshop: Handle,
    /// Turns true when the server begins to stop: streams end.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl State {
    /// Has a service do this, to its end also when the client goes away in the middle: whoever listens is told of it then
    /// too.
    pub(crate) async fn run<T: Send + 'static, W>(&self, work: impl FnOnce(Arc<Services>) -> W) -> Result<T, Refusal>
    where
        W: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        let span = tracing::debug_span!("service");
        to_its_end(&self.workshop, work(Arc::clone(&self.services)).instrument(span)).await
    }

    /// Whether the database answers.
    pub(crate) async fn database_answers(&self) -> bool {
        let asked = self.heartbeat.answers(Instant::now(), async || match self.services.ready().await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "storage");
                false
            }
        });
        asked.await
    }

    /// Returns once the server begins to stop.
    pub(crate) async fn stop(&self) {
        let mut stopping = self.stopping.clone();
        // The sender is gone only when the server is.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }
}

async fn to_its_end<T: Send + 'static>(
    workshop: &Handle,
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    workshop.spawn(work).await.map_err(|error| {
        tracing::error!(%error, "a request's work ended early");
        Refusal::new(ProblemCode::Internal, "the server failed; nothing is lost, try again")
    })?
}

#[cfg(test)]
mod tests {
    use futures_util::poll;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_write_goes_on_when_its_client_is_gone() {
        let (go, gate) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let handle = Handle::current();
        let mut request = Box::pin(to_its_end(&handle, async move {
            gate.await.unwrap();
            tell.send("written").unwrap();
            Ok(())
        }));
        assert!(poll!(&mut request).is_pending());
        drop(request);
        go.send(()).unwrap();
        assert_eq!(told.await, Ok("written"));
    }
}
