//! A server in this process and devices that speak to it in raw HTTP, byte by byte where a test wants it.
//!
//! `let server = Server::start();` `let ana = Device::founded(&server);` `ana.get("/v1/head").status`.

mod account;
mod device;
mod drafts;
mod enrolling;
mod http;
mod server;

pub(crate) use device::{Device, Session};
pub(crate) use drafts::{Founding, Newcomer};
pub(crate) use enrolling::begin;
pub(crate) use http::{Answer, Line, answered, eventually};
pub(crate) use server::Server;
