use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

pub const MINUTE: u64 = 60 * 1000;
pub const HOUR: u64 = 60 * MINUTE;
pub const DAY: u64 = 24 * HOUR;

/// When a story begins, Unix milliseconds.
pub const START: u64 = 1_800_000_000_000;

/// The true time, which passes only when the story says so. The server goes by it.
#[derive(Debug, Clone)]
pub struct Time(Arc<AtomicU64>);

/// A device's clock: the true time, and how far it is off.
#[derive(Debug)]
pub struct DeviceClock {
    time: Time,
    off: AtomicI64,
}

impl Time {
    pub fn begin() -> Self {
        Self(Arc::new(AtomicU64::new(START)))
    }

    pub fn pass(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    pub fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl DeviceClock {
    pub const fn right(time: Time) -> Self {
        Self { time, off: AtomicI64::new(0) }
    }

    /// Sets it wrong by this many milliseconds: ahead, or behind where it is negative.
    pub fn set_off(&self, milliseconds: i64) {
        self.off.store(milliseconds, Ordering::SeqCst);
    }

    pub fn now(&self) -> u64 {
        self.time.now().saturating_add_signed(self.off.load(Ordering::SeqCst))
    }
}

impl keyfold_vault::Clock for Time {
    fn now(&self) -> u64 {
        Self::now(self)
    }
}

impl keyfold_client::Clock for DeviceClock {
    fn now(&self) -> u64 {
        Self::now(self)
    }
}
