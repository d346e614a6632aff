//! What the machine does without us.

pub(crate) mod awake;
pub(crate) mod bare;
pub(crate) mod pgbench;
pub(crate) mod postgres;
pub(crate) mod sqlite;
