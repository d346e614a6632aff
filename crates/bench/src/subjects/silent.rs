//! Connections to the TLS listener that never send a byte. What 10,000 of them add to the server's resident memory, with
//! its patience raised so that all are there at once: by default it ends each after ten seconds. Then as many as the
//! setting `http.connections` allows, and a thousand more, to a server where it is small: it holds no more than that.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::{net::TcpStream, time::timeout};

use crate::{
    children::{KIB, MIB},
    failure::Failure,
    output,
    report::{Row, Target},
    server::Server,
    stage::{Stage, allow_files},
};

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    allow_files(FILES)?;
    let mut rows = unbounded(stage).await?;
    rows.push(bounded(stage).await?);
    Ok(rows)
}

async fn unbounded(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let server = Server::start_limited(stage, &[PATIENT]).await?;
    let idle = server.process().sockets()?;
    let before = server.process().resident()?;
    let held = connect(&server, CONNECTIONS).await?;
    accepted(&server, idle + CONNECTIONS).await?;
    let after = server.process().resident()?;
    drop(held);
    let each = (after - before) / KIB / CONNECTIONS as f64;
    Ok(vec![
        Row::new("silent", (each, ALLOWED, "KiB"), Target::AtMost(1.0), "what an idle hint stream may cost"),
        Row::new("silent-server", (after / MIB, before / MIB, "MiB"), Target::None, "the same server before"),
    ])
}

async fn bounded(stage: &Stage) -> Result<Row, Failure> {
    let setting = ("KEYFOLD_HTTP__CONNECTIONS", BOUND_TEXT);
    let server = Server::start_limited(stage, &[PATIENT, setting]).await?;
    let idle = server.process().sockets()?;
    // The setting is for each worker, and there is one for each core.
    let cores = std::thread::available_parallelism().map_err(Failure::io("the number of cores"))?.get();
    let bound = BOUND * cores;
    let held = connect(&server, bound).await?;
    accepted(&server, idle + bound).await?;
    let more = knock(&server, MORE).await;
    let sockets = server.process().sockets()?.saturating_sub(idle);
    drop((held, more));
    let row = (sockets as f64, bound as f64, "sockets");
    // A worker notices that it is full when it has taken one more.
    Ok(Row::new("silent-bounded", row, Target::AtMost(1.05), "http.connections of every worker"))
}

/// Connections that say nothing, a few at a time.
async fn connect(server: &Server, count: usize) -> Result<Vec<TcpStream>, Failure> {
    output::progress(&format!("opening {count} connections"));
    let mut held = Vec::with_capacity(count);
    while held.len() < count {
        let some = (count - held.len()).min(AT_ONCE);
        let opened = try_join_all((0..some).map(|_| TcpStream::connect(server.tls_address()))).await;
        held.extend(opened.map_err(Failure::io("a connection"))?);
    }
    Ok(held)
}

/// More connections, of which the kernel may keep some waiting and turn others away.
async fn knock(server: &Server, count: usize) -> Vec<TcpStream> {
    let knocking = (0..count).map(|_| timeout(KNOCKING, TcpStream::connect(server.tls_address())));
    join_all(knocking).await.into_iter().flatten().flatten().collect()
}

/// Until the server has taken as many from its kernel; not for ever.
async fn accepted(server: &Server, sockets: usize) -> Result<(), Failure> {
    for _ in 0..LOOKS {
        if server.process().sockets()? >= sockets {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

const CONNECTIONS: usize = 10_000;
/// On each side, and what else a process has open.
const FILES: u64 = 10_500;
const PATIENT: (&str, &str) = ("KEYFOLD_HTTP__HEAD_TIMEOUT", "120");
/// KiB.
const ALLOWED: f64 = 17.0;
const BOUND: usize = 250;
const BOUND_TEXT: &str = "250";
const MORE: usize = 1_000;
const KNOCKING: Duration = Duration::from_secs(2);
const AT_ONCE: usize = 64;
const LOOKS: usize = 100;
const LOOK: Duration = Duration::from_millis(50);
