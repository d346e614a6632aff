//! The server as it starts with its defaults, and the plain listener beside TLS. Its resident memory after a second in
//! which nobody asks.

use std::time::Duration;

use crate::{
    children::MIB,
    failure::Failure,
    report::{Row, Target},
    server::Server,
    stage::Stage,
};

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let server = Server::start_limited(stage, &[]).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let resident = server.process().resident()? / MIB;
    Ok(vec![Row::new("idle", (resident, ALLOWED, "MiB"), Target::AtMost(1.0), "what is allowed")])
}

/// MiB.
const ALLOWED: f64 = 25.0;
