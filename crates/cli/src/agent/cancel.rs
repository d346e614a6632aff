use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

/// Whether whoever made a request has taken it back. Its clones are one.
#[derive(Clone, Default)]
pub(crate) struct Cancel(Arc<State>);

#[derive(Default)]
struct State {
    is_cancelled: Mutex<bool>,
    /// For threads that wait.
    changed: Condvar,
    /// For tasks that wait.
    told: Notify,
}

impl Cancel {
    /// Takes it back.
    pub(crate) fn cancel(&self) {
        *self.0.is_cancelled.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
        self.0.told.notify_waiters();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        *self.0.is_cancelled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns once it is taken back.
    pub(crate) async fn cancelled(&self) {
        let told = self.0.told.notified();
        tokio::pin!(told);
        // What is told between the look and the wait is heard.
        told.as_mut().enable();
        if !self.is_cancelled() {
            told.await;
        }
    }

    /// Waits until it is taken back, or this time is over; whether it was.
    pub(crate) fn waits(&self, at_most: Duration) -> bool {
        let cancelled = self.0.is_cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.changed.wait_timeout_while(cancelled, at_most, |cancelled| !*cancelled);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Taken back when it is dropped: the request has nobody any more who waits for it.
pub(crate) struct CancelOnDrop(pub(crate) Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
