//! `keyfoldd`: configuration, wiring and routes. No rule of the domain lives here.
//!
//! A request goes through TLS, the route's typed extractors and one service call of `keyfold-vault`; `http` maps what
//! the services refuse to HTTP in one place. [`serve::start`] runs a whole server in this process, which is how the tests
//! use it.
//!
//! Invariants: TLS 1.3 only; a device's body is read only once its head has proved itself, and is cut off at its route's
//! limit while it arrives; nobody holds memory or streams that others need; a stream ends with its time, the
//! membership and the server, also if its client does not read; no log line carries a body, a query, an id that opens
//! something, or a key; a write goes on to its end when its client goes away.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use keyfold_server::{config::Settings, serve};
//! let settings = Settings { listen: "127.0.0.1:0".parse()?, data_dir: "/tmp/keyfold".into(), ..Settings::default() };
//! let running = serve::start(settings).await?;
//! println!("{}", running.ready().public_url);
//! running.stop().await?;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

pub mod commands;
pub mod config;
pub mod domains;
mod http;
pub mod logs;
mod meters;
mod process;
mod rates;
pub mod serve;
pub mod tls;
pub mod traces;

pub use http::Refusal;
