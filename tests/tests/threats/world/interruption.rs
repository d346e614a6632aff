use std::sync::Mutex;

use keyfold_client::transport::TransportError;
use tokio::sync::Notify;

/// What happens to a request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// It never reaches the server.
    RequestLost,
    /// The server acts on it, and its answer does not come back.
    AnswerLost,
    /// The connection breaks in the middle of the answer.
    AnswerBroken,
    /// It waits before the server hears of it.
    HeldBefore,
    /// The server has acted on it, and its answer waits.
    HeldAfter,
}

/// Which requests an interruption is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    One,
    FromThereOn,
}

/// An interruption that lies on the way to the server, until a request meets it.
#[derive(Default)]
pub(super) struct Trap {
    laid: Mutex<Option<Laid>>,
    met: Notify,
    goes_on: Notify,
}

struct Laid {
    path: &'static str,
    /// Requests that it lets pass.
    spares: usize,
    what: Interruption,
    span: Span,
    is_met: bool,
}

impl Trap {
    pub(super) fn lay(&self, path: &'static str, spares: usize, what: Interruption, span: Span) {
        *self.laid.lock().unwrap() = Some(Laid { path, spares, what, span, is_met: false });
    }

    /// What a request meets.
    pub(super) fn meets(&self, path: &str) -> Option<Interruption> {
        let mut laid = self.laid.lock().unwrap();
        let trap = laid.as_mut().filter(|trap| path.starts_with(trap.path))?;
        if trap.spares > 0 {
            trap.spares -= 1;
            return None;
        }
        let is_over = trap.span == Span::One && trap.is_met;
        trap.is_met = true;
        (!is_over).then_some(trap.what)
    }

    /// Lets everything pass; whether a request had met it.
    pub(super) fn lift(&self) -> bool {
        self.laid.lock().unwrap().take().is_some_and(|trap| trap.is_met)
    }

    /// A request that is held says so, and waits.
    pub(super) async fn hold(&self) {
        self.met.notify_one();
        self.goes_on.notified().await;
    }

    /// Returns once a request is held.
    pub(super) async fn holds(&self) {
        self.met.notified().await;
    }

    pub(super) fn lets_go(&self) {
        self.goes_on.notify_one();
    }
}

pub(super) fn lost() -> TransportError {
    TransportError::Broken("the wire was cut".to_owned())
}
