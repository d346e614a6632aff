//! A whole server in this process, and devices on the SDK: for stories that set the clocks, cut the wire, or look at what
//! no command shows.
//!
//! ```no_run
//! # async fn story() {
//! use keyfold_tests::sdk::{Hosted, Member};
//! let server = Hosted::start().await;
//! let a = Member::founded(&server, "laptop").await;
//! let b = Member::enrolled(&server, "phone", &a).await;
//! # }
//! ```

mod chance;
mod hosted;
mod in_process;
mod member;
mod newcomer;
mod time;
mod whole;
mod wire;

pub use chance::Chance;
pub use hosted::Hosted;
pub use in_process::InProcess;
pub use member::{Member, any_passkey};
pub use newcomer::{Newcomer, passphrase};
pub use time::{DAY, DeviceClock, HOUR, MINUTE, START, Time};
pub use whole::whole;
pub use wire::{Closed, Exchange, Mishap, Wire};
