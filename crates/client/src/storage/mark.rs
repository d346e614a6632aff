/// How a storage stands. It says nothing to another value of the same storage, nor after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u64);

impl Mark {
    /// A mark by a storage's own number, which changes with each change.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}
