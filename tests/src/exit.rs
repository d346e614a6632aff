//! How `keyfold` ends, as `keyfold --help` documents it.

/// An exit status, and the name that a problem object gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    pub status: i32,
    pub name: &'static str,
}

const fn exit(status: i32, name: &'static str) -> Exit {
    Exit { status, name }
}

pub const USAGE: Exit = exit(2, "usage");
pub const WRONG_PASSPHRASE: Exit = exit(3, "wrong-passphrase");
pub const NO_NETWORK: Exit = exit(4, "no-network");
pub const NOT_TRUSTED: Exit = exit(5, "not-trusted");
pub const REFUSED: Exit = exit(6, "refused");
pub const CLOCK: Exit = exit(7, "clock");
pub const SYNC_STOPPED: Exit = exit(8, "sync-stopped");
pub const NOT_FOUND: Exit = exit(9, "not-found");
pub const MALFORMED: Exit = exit(10, "malformed");
pub const NOT_ALLOWED: Exit = exit(11, "not-allowed");
pub const STORAGE: Exit = exit(12, "storage");
pub const BUSY: Exit = exit(13, "busy");
pub const OUTPUT: Exit = exit(14, "output");
pub const UNKNOWN: Exit = exit(15, "unknown");
pub const KEYRING: Exit = exit(16, "keyring");
pub const REMOVED: Exit = exit(17, "removed");
pub const LOCKED: Exit = exit(18, "locked");

/// How `keyfoldd` ends that failed.
pub const SERVER_FAILED: Exit = exit(1, "failed");
