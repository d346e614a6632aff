//! `GET /v1/pull` of 1,000 items by 16 devices at once, without TLS, each in an account of its own. The limit of its rate is
//! a bare route that answers the same bytes, those of each account, at once. Its memory is what 16 pulls add to a server that was started again on
//! the filled data: all have begun before the first reads on.

use futures_util::future::try_join_all;

use crate::{
    children::MIB,
    compare::by_turns,
    device::{Device, TYPICAL},
    failure::Failure,
    limits::bare::BareRoute,
    load::{self, enough},
    report::{Row, Target},
    server::Server,
    stage::Stage,
};

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let server = Server::start(stage, &[]).await?;
    let mut devices = Device::several(&server, PULLS).await?;
    let mut line = server.line().await?;
    for device in &mut devices {
        device.fill(&mut line, ITEMS, TYPICAL).await?;
    }
    drop(line);
    let server = server.restart(stage).await?;
    for device in &mut devices {
        device.reopen(&server).await?;
    }
    let added = memory(&server, &devices).await?;
    let (value, limit) = rates(stage, &server, &devices).await?;
    Ok(vec![
        Row::new("pull", (value, limit, "/s"), Target::AtLeast(0.3), "a bare actix route with the same bytes"),
        Row::new("pull-memory", (added / MIB, ALLOWED, "MiB"), Target::AtMost(1.0), "what 16 at once may add"),
    ])
}

async fn rates(stage: &Stage, server: &Server, devices: &[Device]) -> Result<(f64, f64), Failure> {
    let [first, ..] = devices else { return Ok((f64::NAN, f64::NAN)) };
    let (mut line, mut bodies) = (server.line().await?, Vec::new());
    for device in devices {
        bodies.push(line.ask(&device.get(PULL)).await?.body);
    }
    let (bare, request) = (BareRoute::start(stage, &bodies)?, first.get(PULL));
    let ceiling = std::cell::Cell::new(0.0);
    by_turns(
        stage,
        async |time| {
            let rate = bare.rate(&request, PULLS, time).await?;
            ceiling.set(rate);
            Ok(rate)
        },
        async |time| {
            let mut clients = Vec::new();
            for device in devices {
                clients.push(device.getting(server.line().await?, PULL, enough(ceiling.get(), time, PULLS)));
            }
            Ok(load::run(clients, time).await?.0.rate)
        },
    )
    .await
}

async fn memory(server: &Server, devices: &[Device]) -> Result<f64, Failure> {
    let mut lines = Vec::new();
    for _ in devices {
        lines.push(server.line().await?);
    }
    let before = server.process().resident()?;
    server.process().forget_peak()?;
    let begun = lines.into_iter().zip(devices).map(|(mut line, device)| async move {
        let head = line.begin(&device.get(PULL)).await?;
        Ok::<_, Failure>((line, head))
    });
    let begun = try_join_all(begun).await?;
    try_join_all(begun.into_iter().map(|(mut line, head)| async move { line.rest(head).await })).await?;
    Ok(server.process().peak()? - before)
}

const PULL: &str = "/v1/pull";
const PULLS: usize = 16;
const ITEMS: usize = 1_000;
/// MiB.
const ALLOWED: f64 = 64.0;
