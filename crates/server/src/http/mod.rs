//! The device API over HTTP: extractors, routes, and the one place where refusals become answers.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod address;
mod answer;
mod api;
mod body;
mod error;
mod get_info;
mod heartbeat;
mod held;
mod incoming;
mod lasting;
mod measured;
mod origin;
mod query;
mod repeated;
mod routes;
mod shares;
mod signed;
mod span;
mod state;
mod unread;

pub use error::Refusal;

pub(crate) use body::BodyBudget;
pub(crate) use heartbeat::Heartbeat;
pub(crate) use held::hold_refusals;
pub(crate) use lasting::Seats;
pub(crate) use measured::measured;
pub(crate) use origin::Origin;
pub(crate) use routes::{metrics_routes, routes};
pub(crate) use span::RequestSpan;
pub(crate) use state::State;
pub(crate) use unread::keep_unread;
