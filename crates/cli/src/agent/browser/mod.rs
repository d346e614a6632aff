//! What browsers ask of the agent: messages in JSON over a socket of its own, as `crates/extension/src/README.md` has them.

mod ceremony;
mod message;
mod session;
mod window;

pub(crate) use session::serve;

/// The longest message in either direction: what browsers take from a native host.
pub(crate) const MAX_MESSAGE: usize = 1_024 * 1_024;
