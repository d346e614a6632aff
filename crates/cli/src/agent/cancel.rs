use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Whether whoever made a request has taken it back. Its clones are one.
#[derive(Clone, Default)]
pub(crate) struct Cancel(Arc<(Mutex<bool>, Condvar)>);

impl Cancel {
    /// Takes it back.
    pub(crate) fn cancel(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is taken back, or this time is over; whether it was.
    pub(crate) fn waits(&self, at_most: Duration) -> bool {
        let cancelled = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_timeout_while(cancelled, at_most, |cancelled| !*cancelled);
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
