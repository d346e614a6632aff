use keyfold_wire::{AccountId, MemberId};

/// The device whose session a request was signed under. Whether it is still active is checked where it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Its account.
    pub account: AccountId,
    /// The device.
    pub device: MemberId,
}
