//! The authenticator as a security key, over UDP on loopback or over a device of the kernel's. The protocol is
//! `keyfold_authenticator::hid`'s; [`driver`] keeps its time and has its requests served.

mod driver;
mod udp;
mod uhid;

pub(crate) use udp::Udp;
pub(crate) use uhid::Uhid;
