//! Somebody on the way who answers in the server's name, or asks in a device's.

mod cache;
mod place;
mod tls;
