//! What browsers ask of the agent: messages in JSON over a socket of its own, as `crates/extension/src/README.md` has them.

mod ceremony;
mod session;
mod window;

pub(crate) use session::serve;
