//! Honest pushes by 16 writers while 64 clients flood the server, beside the same writers in quiet, by turns; with the
//! server's own rates, which are its defence. Everything comes from one address, and the clients that flood take their
//! part of the same cores.
//!
//! The clients that flood send as fast as answers come: requests for sessions that nobody signed, pushes under a session
//! whose signature is wrong, and polls of a member who may ask 200 times a second. A connection that the server ends is
//! opened again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use keyfold_wire::v1::Signed;
use tokio::task::JoinSet;

use super::push::Writers;
use crate::{
    compare::by_turns,
    device::Device,
    failure::Failure,
    line::Line,
    output,
    report::{Row, Target},
    server::Server,
    stage::Stage,
};

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let server = Server::start_limited(stage, &[]).await?;
    let mut writers = Writers::found(&server, WRITERS, 1).await?;
    let hostile = Arc::new(Device::found(&server).await?);
    let flooded = Arc::new(AtomicUsize::new(0));
    let writers = tokio::sync::Mutex::new(&mut writers);
    let (value, limit) = by_turns(
        stage,
        async |time| Ok(writers.lock().await.push(&server, CEILING, time).await?.rate),
        async |time| {
            let flood = Flood::begin(&server, &hostile, &flooded).await?;
            let rate = writers.lock().await.push(&server, CEILING, time).await?.rate;
            flood.end().await;
            Ok(rate)
        },
    )
    .await?;
    output::progress(&format!("{} hostile requests were sent", flooded.load(Ordering::Relaxed)));
    Ok(vec![Row::new(
        "flood",
        (value, limit, "/s"),
        Target::AtLeast(0.334),
        "the same pushes in quiet; no worse than a third",
    )])
}

/// Clients that flood until they are told to end.
struct Flood {
    ended: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Flood {
    /// Begins, and returns when every client had its first answer or was cut off.
    async fn begin(server: &Server, hostile: &Arc<Device>, sent: &Arc<AtomicUsize>) -> Result<Self, Failure> {
        let ended = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        let before = sent.load(Ordering::Relaxed);
        for index in 0..CLIENTS {
            let (ended, hostile, sent) = (Arc::clone(&ended), Arc::clone(hostile), Arc::clone(sent));
            let address = server.plain_address().to_owned();
            clients.spawn(async move {
                while !ended.load(Ordering::Relaxed) {
                    // A connection that is refused or ended is no failure of this client's: it comes again.
                    if let Ok(line) = Line::connect(&address).await {
                        attack(line, ATTACKS[index % ATTACKS.len()], &hostile, (&ended, &sent)).await;
                    }
                }
            });
        }
        while sent.load(Ordering::Relaxed) < before + CLIENTS {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { ended, clients })
    }

    async fn end(mut self) {
        self.ended.store(true, Ordering::Relaxed);
        while self.clients.join_next().await.is_some() {}
    }
}

/// Sends the same kind of request until the connection or the flood ends.
async fn attack(mut line: Line, attack: Attack, hostile: &Device, (ended, sent): (&AtomicBool, &AtomicUsize)) {
    while !ended.load(Ordering::Relaxed) {
        let answer = match attack {
            Attack::Session => line.post("/v1/sessions", &Signed { body: vec![7; 500], signature: vec![7; 64] }).await,
            Attack::Push => line.ask(&hostile.forged_push(FORGED)).await,
            Attack::Poll => line.ask(&hostile.get("/v1/head")).await,
        };
        sent.fetch_add(1, Ordering::Relaxed);
        if matches!(answer, Err(Failure::Io { .. })) {
            break;
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Attack {
    /// A session that no device signed.
    Session,
    /// A push whose head is not signed.
    Push,
    /// A member's own polls, without a pause.
    Poll,
}

const ATTACKS: [Attack; 3] = [Attack::Session, Attack::Push, Attack::Poll];
const CLIENTS: usize = 64;
const WRITERS: usize = 16;
/// Bytes of a forged push.
const FORGED: usize = 16 * 1024;
/// What the writers have ready for, a second, together: each may push 200 times.
const CEILING: f64 = 1_600.0;
