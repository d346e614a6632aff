/// Told how far what takes long has come. For progress bars.
pub trait Progress: Send + Sync {
    /// So many of so many items are verified.
    fn items(&self, done: u64, total: u64);

    /// So many of so many items are sent.
    fn pushed(&self, done: u64, total: u64) {
        let _ = (done, total);
    }

    /// So many of so many items are encrypted anew.
    fn reencrypted(&self, done: u64, total: u64) {
        let _ = (done, total);
    }
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn items(&self, _done: u64, _total: u64) {}
}
