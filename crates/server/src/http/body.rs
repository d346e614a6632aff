use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, dev::Payload, http::header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use keyfold_wire::v1::ProblemCode;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use super::error::Refusal;
use crate::config::HttpSettings;

/// Reads bodies: at most as many bytes as the route takes, not forever, and all together within one budget of memory.
pub(crate) struct BodyBudget {
    units: Arc<Semaphore>,
    piece_timeout: Duration,
    body_timeout: Duration,
}

/// A body, and its share of the budget for as long as it is held.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) share: Option<OwnedSemaphorePermit>,
}

impl BodyBudget {
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        let units = settings.body_memory.saturating_mul(1024 * 1024 / UNIT).min(Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
            piece_timeout: Duration::from_secs(settings.piece_timeout),
            body_timeout: Duration::from_secs(settings.body_timeout),
        }
    }

    /// The whole body, if it has at most `limit` bytes and arrives in time.
    pub(super) async fn read(
        &self,
        request: &HttpRequest,
        payload: &mut Payload,
        limit: usize,
    ) -> Result<Body, Refusal> {
        let announced = announced(request)?;
        if announced > limit {
            return Err(too_large(limit));
        }
        let mut bytes = BytesMut::with_capacity(announced.min(UNIT));
        let mut share = None;
        let deadline = Instant::now() + self.body_timeout;
        loop {
            let next = deadline.min(Instant::now() + self.piece_timeout);
            let Some(piece) = timeout_at(next, payload.next()).await.map_err(|_| too_slow())? else {
                return Ok(Body { bytes: bytes.freeze(), share });
            };
            let piece = piece.map_err(|_| Refusal::new(ProblemCode::Malformed, "the body was cut short"))?;
            if piece.len() > limit.saturating_sub(bytes.len()) {
                return Err(too_large(limit));
            }
            self.grow(&mut share, bytes.len() + piece.len())?;
            bytes.extend_from_slice(&piece);
        }
    }

    /// Takes as many units as `length` bytes need.
    fn grow(&self, share: &mut Option<OwnedSemaphorePermit>, length: usize) -> Result<(), Refusal> {
        let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        // Small bodies are free: a poll must get through while large ones wait.
        let missing = (length / UNIT).saturating_sub(held);
        let Ok(missing) = u32::try_from(missing) else { return Err(busy()) };
        if missing == 0 {
            return Ok(());
        }
        let more = Arc::clone(&self.units).try_acquire_many_owned(missing).map_err(|_| busy())?;
        match share {
            Some(share) => share.merge(more),
            None => *share = Some(more),
        }
        Ok(())
    }
}

/// The length that the head announces; 0 if it announces none.
fn announced(request: &HttpRequest) -> Result<usize, Refusal> {
    let Some(value) = request.headers().get(header::CONTENT_LENGTH) else { return Ok(0) };
    value
        .to_str()
        .ok()
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| Refusal::new(ProblemCode::Malformed, "Content-Length is not a length"))
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(ProblemCode::TooLarge, format_args!("the body of this request has at most {limit} bytes"))
}

fn too_slow() -> Refusal {
    Refusal::new(ProblemCode::Malformed, "the body did not arrive in time")
}

fn busy() -> Refusal {
    Refusal::later("too many large requests at once", Duration::from_secs(1))
}

/// Bytes of one unit of the budget.
const UNIT: usize = 16 * 1024;
