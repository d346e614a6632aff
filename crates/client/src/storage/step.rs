use std::{any::Any, fmt};

/// The right to change a profile's chains: one process at a time has it. It ends when dropped.
pub struct Step(#[expect(dead_code, reason = "held for its drop")] Box<dyn Any + Send + Sync>);

impl Step {
    /// Wraps what a storage holds while the step lasts.
    pub fn new(guard: impl Any + Send + Sync) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Step")
    }
}
