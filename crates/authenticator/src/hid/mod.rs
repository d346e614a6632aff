//! CTAPHID (CTAP 2.1 §11.2): messages in packets of 64 bytes, as a security key takes and sends them. Whoever carries the
//! packets gives them to [`Protocol`], tells it the time, and does what it says.

mod packet;
mod protocol;
#[cfg(test)]
mod tests;

pub use packet::{Bytes, PACKET};
pub use protocol::{Act, Protocol};
