//! CTAPHID (CTAP 2.1 §11.2): messages in packets of 64 bytes, over UDP on loopback or over a device of the kernel's.
//!
//! [`protocol`] knows the rules and nothing of the outside; [`driver`] keeps its time and has its requests served.

mod driver;
mod packet;
mod protocol;
#[cfg(test)]
mod tests;
mod udp;
mod uhid;

pub(crate) use udp::Udp;
pub(crate) use uhid::Uhid;
