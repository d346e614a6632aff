//! `POST /v1/commits` by several writers, each in an account of its own, without TLS; each waits for its answer before it
//! pushes again. Commits are made before the clock starts.
//!
//! On SQLite the limit is one connection that commits as many rows of as many bytes, raw, with the same pragmas on the
//! same file system; both sides run on cores that are kept awake ([`Awake`] says why). On PostgreSQL it is pgbench with as
//! many clients. An answer means that the push is on the disk.

use std::{cell::Cell, collections::VecDeque, time::Duration};

use crate::{
    compare::by_turns,
    device::{Device, TYPICAL},
    failure::Failure,
    limits::{awake::Awake, pgbench::Pgbench, postgres::Postgres, sqlite::RawSqlite},
    load::{self, Client, Load, enough, p99},
    report::{Row, Target},
    server::Server,
    stage::Stage,
};

pub(super) async fn one(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let server = Server::start(stage, &[]).await?;
    let mut writers = Writers::found(&server, WRITERS, 1).await?;
    let mut raw = RawSqlite::open(stage, 1, writers.bytes()?).await?;
    let _awake = Awake::keep()?;
    let (ceiling, mut latencies) = (Cell::new(0.0), Vec::new());
    let (value, limit) = by_turns(
        stage,
        async |time| {
            let rate = raw.rate(time).await?;
            ceiling.set(rate);
            Ok(rate)
        },
        async |time| {
            let load = writers.push(&server, ceiling.get(), time).await?;
            latencies.extend(load.latencies);
            Ok(load.rate)
        },
    )
    .await?;
    let slow = p99(&mut latencies).as_secs_f64() * 1_000.0;
    Ok(vec![
        Row::new("push", (value, limit, "/s"), Target::AtLeast(0.5), "raw SQLite, one row a commit, FULL"),
        Row::new("push-p99", (slow, 20.0, "ms"), Target::AtMost(1.0), "what is allowed"),
    ])
}

pub(super) async fn many(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let server = Server::start(stage, &[]).await?;
    let mut writers = Writers::found(&server, FEW_WRITERS, 100).await?;
    let mut raw = RawSqlite::open(stage, 100, writers.bytes()? / 100).await?;
    let _awake = Awake::keep()?;
    let ceiling = Cell::new(0.0);
    let (value, limit) = by_turns(
        stage,
        async |time| {
            let rate = raw.rate(time).await?;
            ceiling.set(rate);
            Ok(rate)
        },
        async |time| Ok(writers.push(&server, ceiling.get(), time).await?.rate),
    )
    .await?;
    Ok(vec![Row::new("push-100", (value, limit, "/s"), Target::AtLeast(0.3), "raw SQLite, 100 rows a commit, FULL")])
}

pub(super) async fn on_postgres(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let postgres = Postgres::start(stage).await?;
    let server = Server::start(stage, &[("KEYFOLD_DATABASE", &postgres.url)]).await?;
    let mut writers = Writers::found(&server, WRITERS, 1).await?;
    let pgbench = Pgbench::new(stage, &postgres, WRITERS, writers.bytes()?)?;
    let ceiling = Cell::new(0.0);
    let (value, limit) = by_turns(
        stage,
        async |time| {
            let rate = pgbench.rate(time).await?;
            ceiling.set(rate);
            Ok(rate)
        },
        async |time| Ok(writers.push(&server, ceiling.get(), time).await?.rate),
    )
    .await?;
    Ok(vec![Row::new("push-postgres", (value, limit, "/s"), Target::AtLeast(0.3), "pgbench, one insert a commit")])
}

/// Devices that push, and what they have ready.
pub(super) struct Writers {
    writers: Vec<(Device, VecDeque<Vec<u8>>)>,
    items: usize,
}

impl Writers {
    /// So many writers, who push so many items at a time.
    pub(super) async fn found(server: &Server, count: usize, items: usize) -> Result<Self, Failure> {
        let devices = Device::several(server, count).await?;
        Ok(Self { writers: devices.into_iter().map(|device| (device, VecDeque::new())).collect(), items })
    }

    /// Bytes of a push: envelopes and commit.
    fn bytes(&mut self) -> Result<usize, Failure> {
        let Some((device, drafts)) = self.writers.first_mut() else { return Ok(0) };
        let draft = device.draft(self.items, TYPICAL)?;
        let bytes = draft.len();
        drafts.push_back(draft);
        Ok(bytes)
    }

    /// All push for a time. What was made and not sent is kept for the next.
    pub(super) async fn push(&mut self, server: &Server, ceiling: f64, time: Duration) -> Result<Load, Failure> {
        // Several pushes may share one flush of the disk, and be more than that makes alone.
        let ready = enough(ceiling * 2.0, time, self.writers.len());
        let mut clients = Vec::new();
        for (device, drafts) in &mut self.writers {
            while drafts.len() < ready {
                drafts.push_back(device.draft(self.items, TYPICAL)?);
            }
            let requests: Vec<_> = drafts.iter().map(|draft| device.push(draft)).collect();
            clients.push(Client::once(server.line().await?, requests));
        }
        let (load, _) = load::run(clients, time).await?;
        for ((_, drafts), answered) in self.writers.iter_mut().zip(&load.answered) {
            drafts.drain(..*answered);
        }
        Ok(load)
    }
}

const WRITERS: usize = 16;
const FEW_WRITERS: usize = 4;
