use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::{HttpRequest, dev::Payload, http::header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use keyfold_vault::Caller;
use keyfold_wire::v1::ProblemCode;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use super::{
    error::Refusal,
    shares::{Share, Shares},
};
use crate::config::HttpSettings;

/// Reads bodies: at most as many bytes as the route takes, not forever, and all together within one budget of memory.
///
/// A body takes of it as it arrives, of a part where no sender can hold what others need, and strangers none of what
/// devices need. Once it is there its copies take of another part, for which it waits: that work is short.
pub(crate) struct BodyBudget {
    devices: Arc<Shares<Sender>>,
    strangers: Arc<Shares<Sender>>,
    copies: Arc<Semaphore>,
    piece_timeout: Duration,
    body_timeout: Duration,
}

/// Whose body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Sender {
    /// Known by its signature, before the body is read.
    Device(Caller),
    /// Known by an address, or a network of them.
    Stranger(IpAddr),
}

/// A body, and its part of the budget for as long as that is held.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) memory: Memory,
}

/// What is given back when a request is done.
pub(super) struct Memory {
    _arrived: Share<Sender>,
    _copies: Option<OwnedSemaphorePermit>,
}

impl BodyBudget {
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        let eighth = settings.body_memory.saturating_mul(MIB / 8);
        Self {
            devices: Shares::new(EACH_DEVICE, eighth.saturating_mul(3)),
            strangers: Shares::new(EACH_STRANGER, eighth),
            copies: Arc::new(Semaphore::new((eighth / UNIT).saturating_mul(4).min(Semaphore::MAX_PERMITS))),
            piece_timeout: Duration::from_secs(settings.piece_timeout),
            body_timeout: Duration::from_secs(settings.body_timeout),
        }
    }

    /// Bytes that are held of bodies that arrive.
    pub(super) fn in_use(&self) -> usize {
        self.devices.in_use().saturating_add(self.strangers.in_use())
    }

    /// The whole body, if it has at most `limit` bytes and arrives in time.
    pub(super) async fn read(
        &self,
        request: &HttpRequest,
        payload: &mut Payload,
        sender: Sender,
        limit: usize,
    ) -> Result<Body, Refusal> {
        let announced = announced(request)?;
        if announced > limit {
            return Err(too_large(limit));
        }
        let shares = match sender {
            Sender::Device(_) => &self.devices,
            Sender::Stranger(_) => &self.strangers,
        };
        let mut arrived = shares.take(sender, 0).ok_or_else(busy)?;
        let mut bytes = BytesMut::with_capacity(announced.min(FREE));
        let deadline = Instant::now() + self.body_timeout;
        loop {
            let next = deadline.min(Instant::now() + self.piece_timeout);
            let Some(piece) = timeout_at(next, payload.next()).await.map_err(|_| too_slow())? else { break };
            let piece = piece.map_err(|_| Refusal::new(ProblemCode::Malformed, "the body was cut short"))?;
            if piece.len() > limit.saturating_sub(bytes.len()) {
                return Err(too_large(limit));
            }
            if !arrived.grow_to(charged(bytes.len() + piece.len())) {
                return Err(busy());
            }
            bytes.extend_from_slice(&piece);
        }
        let copies = timeout_at(deadline, self.room_for_copies(bytes.len())).await.map_err(|_| busy())??;
        Ok(Body { bytes: bytes.freeze(), memory: Memory { _arrived: arrived, _copies: copies } })
    }

    async fn room_for_copies(&self, length: usize) -> Result<Option<OwnedSemaphorePermit>, Refusal> {
        let units = u32::try_from(charged(length).saturating_mul(COPIES) / UNIT).map_err(|_| busy())?;
        if units == 0 {
            return Ok(None);
        }
        Arc::clone(&self.copies).acquire_many_owned(units).await.map(Some).map_err(|_| busy())
    }
}

/// Small bodies are free: a poll must get through while large ones wait.
pub(super) const fn charged(length: usize) -> usize {
    if length <= FREE { 0 } else { length }
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
    Refusal::later("the body did not arrive in time", Duration::from_secs(1))
}

fn busy() -> Refusal {
    Refusal::later("too many large requests at once", Duration::from_secs(1))
}

const MIB: usize = 1024 * 1024;
const UNIT: usize = 1024;
const FREE: usize = 16 * UNIT;
/// One push, and something beside it.
const EACH_DEVICE: usize = 18 * MIB;
/// Some new accounts at once.
const EACH_STRANGER: usize = MIB;
/// Beside the body: its fields once decoded, encoded again to be compared, and as they are bound to a statement.
const COPIES: usize = 3;
