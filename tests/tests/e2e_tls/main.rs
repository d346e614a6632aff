//! TLS as it is on the wire: version 1.3 only, post-quantum key exchange, and whose certificates count.

mod certificates;
mod negotiation;
mod wiretap;
