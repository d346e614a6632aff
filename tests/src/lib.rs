//! What the end-to-end stories are told with: the real `keyfoldd` and `keyfold`, and relying parties that others wrote.
//!
//! ```no_run
//! use keyfold_tests::{Device, Server, Shop};
//! let server = Server::start();
//! let a = Device::founded(&server, "laptop");
//! let b = Device::enrolled(&server, "phone", &a);
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    reason = "a test fails by panicking, and its helpers are read beside it"
)]

mod bus;
mod clock;
mod collector;
mod database;
mod desktop;
mod device;
mod domain;
pub mod exit;
mod http;
pub mod memory;
pub mod parsers;
mod port;
mod programs;
mod proxy;
mod redis;
mod rust_shop;
mod said;
mod screen;
pub mod sdk;
mod server;
mod session;
mod shop;
mod small_disk;
mod system_bus;
mod tenant;
mod terminal;
mod tls_postgres;
mod token;
mod vectors;
mod watch;

pub use clock::clock_off_by;
pub use collector::{Collector, attribute};
pub use database::Database;
pub use desktop::Desktop;
pub use device::{Device, fed, started};
pub use domain::Domain;
pub use http::{Http, Reply, tls_client};
pub use port::Port;
pub use programs::program;
pub use proxy::Proxied;
pub use redis::Redis;
pub use rust_shop::{Backup, RustShop};
pub use said::Said;
pub use screen::Screen;
pub use server::{Server, ServerOptions, does_not_start};
pub use session::Session;
pub use shop::{Shop, Verdict};
pub use small_disk::{SmallDisk, on_a_small_disk};
pub use system_bus::{PasswordPrompt, Policy, SystemBus};
pub use tenant::{Answered, Client, Tenant, options_that_ask, server_that_asks};
pub use terminal::Terminal;
pub use tls_postgres::TlsPostgres;
pub use token::SoftToken;
pub use vectors::vectors;
pub use watch::Watch;
