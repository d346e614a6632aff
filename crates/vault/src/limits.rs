/// What one account, one request, one enrolment may take. The protocol fixes the defaults' upper ends; an operator may
/// lower them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Changes of one commit.
    pub changes: usize,
    /// Bytes of one envelope.
    pub envelope: usize,
    /// Bytes of all envelopes of one push.
    pub push: usize,
    /// Active devices of an account.
    pub devices: usize,
    /// Items and tombstones of an account.
    pub items: u64,
    /// Bytes of all kept envelopes of an account.
    pub account_bytes: u64,
    /// Roster entries of an account.
    pub roster_entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            changes: 1_000,
            envelope: 66_560,
            push: 16 * 1024 * 1024,
            devices: 64,
            items: 200_000,
            account_bytes: 512 * 1024 * 1024,
            roster_entries: 1_000,
        }
    }
}

/// A limit that a request would pass. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Split the commit.
    #[error("a commit has at most {0} changes: split it")]
    Changes(usize),
    /// The item is too large.
    #[error("an envelope has at most {0} bytes")]
    Envelope(usize),
    /// Split the commit.
    #[error("a push has at most {0} bytes of envelopes: split it")]
    Push(usize),
    /// Remove a device first.
    #[error("an account has at most {0} devices: remove one first")]
    Devices(usize),
    /// Purge items, or ask the operator.
    #[error("an account has at most {0} items, purged ones included")]
    Items(u64),
    /// Purge items, or ask the operator.
    #[error("the account's {0} bytes are used up: purge items, or ask the operator for more")]
    AccountBytes(u64),
    /// Ask the operator.
    #[error("an account has at most {0} roster entries")]
    RosterEntries(u64),
}
