//! What devices live through under their tenant's rules, and what holds whatever they report.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod grace;
mod properties;
mod stories;
mod world;
