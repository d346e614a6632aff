//! The device API as typed calls: what each route takes and gives, sessions, and signed requests.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod anonymous;
mod error;
mod hints;
mod member;
mod pull_order;
mod pull_stream;
mod session;

pub use anonymous::Api;
pub use error::{ApiError, Refusal};
pub use hints::{Hint, Hints};
pub use member::{MemberApi, PullFrom};
pub use pull_stream::{Frame, PullStream};
