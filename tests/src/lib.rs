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

mod device;
pub mod parsers;
mod programs;
mod server;
mod shop;

pub use device::{Device, Said};
pub use programs::{program, vectors};
pub use server::{Server, ServerOptions};
pub use shop::{Shop, Verdict};
