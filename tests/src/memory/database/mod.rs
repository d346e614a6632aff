mod accounts;
mod chains;
mod enrolments;
mod pulls;
mod rows;
mod server;

use std::sync::{Arc, Mutex, MutexGuard};

use rows::Rows;

/// A server's database. Its clones are the same one.
#[derive(Clone, Default)]
pub struct MemoryDatabase(Arc<Mutex<Rows>>);

impl MemoryDatabase {
    /// The database as it is now: what a backup holds, or whoever wants to tell two histories.
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.rows().clone())))
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap()
    }
}
