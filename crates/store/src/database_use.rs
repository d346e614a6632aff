use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// What is in use of a database by this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseUse {
    /// Connections on which something happens.
    pub busy: usize,
    /// Open connections that wait for work.
    pub idle: usize,
    /// Transactions that wait for a connection, and pushes that wait for those that are being written.
    pub waiting: usize,
}

/// Counts who waits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Queue(Arc<AtomicUsize>);

/// A place in a queue, left when it is dropped.
pub(crate) struct Place(Arc<AtomicUsize>);

impl Queue {
    pub(crate) fn enter(&self) -> Place {
        self.0.fetch_add(1, Ordering::Relaxed);
        Place(Arc::clone(&self.0))
    }

    pub(crate) fn length(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
