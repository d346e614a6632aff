//! Hint streams without TLS, four of each device, that were told that they listen and hear nothing more. What 1,000 of them
//! add to the server's resident memory, after the first 200 have made it grow once.

use crate::{
    children::KIB,
    device::Device,
    failure::Failure,
    line::Line,
    output,
    report::{Row, Target},
    server::Server,
    stage::{Stage, allow_files},
};

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    allow_files(FILES)?;
    let server = Server::start(stage, &[]).await?;
    output::progress("founding 300 accounts");
    let devices = Device::several(&server, (WARM + MEASURED) / EACH).await?;
    let mut all = Vec::new();
    let mut before = 0.0;
    for device in &devices {
        if all.len() == WARM {
            before = server.process().resident()?;
        }
        for _ in 0..EACH {
            all.push(listen(&server, device).await?);
        }
    }
    let added = server.process().resident()? - before;
    let each = added / KIB / MEASURED as f64;
    Ok(vec![Row::new("hints", (each, ALLOWED, "KiB"), Target::AtMost(1.0), "what a stream may cost, without TLS")])
}

/// A stream that has begun. It ends with its line.
async fn listen(server: &Server, device: &Device) -> Result<Line, Failure> {
    let mut line = server.line().await?;
    line.begin(&device.get("/v1/hints")).await?;
    line.chunk().await.map_err(Failure::io("a hint stream"))?;
    Ok(line)
}

const WARM: usize = 200;
const MEASURED: usize = 1_000;
/// The most that a device may have.
const EACH: usize = 4;
const FILES: u64 = 2_048;
/// KiB.
const ALLOWED: f64 = 17.0;
