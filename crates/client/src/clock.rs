use std::time::{SystemTime, UNIX_EPOCH};

/// What time it is. A trait, so that a test or a phone can say.
pub trait Clock: Send + Sync {
    /// Unix milliseconds.
    fn now(&self) -> u64;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
