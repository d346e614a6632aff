//! What browsers ask of the agent: messages in JSON over a socket of its own, as `crates/extension/src/README.md` has them.

mod ceremony;
mod connection;
mod session;
mod window;

pub(crate) use connection::hand_over;
pub(crate) use session::serve;
