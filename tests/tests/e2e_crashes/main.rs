//! The server is killed again and again while sixteen devices write, each of which may lose its own process as well.
//!
//! The checker keeps its own record of what was answered, beside the devices, and holds it against the chains in the end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod acknowledged;
mod device;
mod record;
mod story;

use keyfold_tests::{Server, ServerOptions};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_and_nothing_half_is_seen_however_often_the_server_is_killed() {
    // Sixteen devices are more than one address's rate for sessions, each of which is opened anew after a kill.
    let settings = [("KEYFOLD_RATES__ANONYMOUS_PER_MINUTE", "1000000"), ("KEYFOLD_RATES__DEVICE_PER_SECOND", "100000")];
    story::nothing_is_lost(vec![Server::start_with(ServerOptions::with(settings))]).await;
}
