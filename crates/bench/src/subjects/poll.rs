//! `GET /v1/head` by 16 clients on connections that stay open, without TLS. Its limit is a bare actix route that answers
//! the same bytes to the same requests by the same client, without looking at them.

use std::{cell::Cell, time::Duration};

use crate::{
    compare::by_turns,
    device::{Device, SMALLEST, TYPICAL},
    failure::Failure,
    limits::bare::BareRoute,
    load::{self, enough},
    report::{Row, Target},
    server::Server,
    stage::Stage,
};

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let server = Server::start(stage, &[]).await?;
    let mut small = filled(&server, 100, TYPICAL).await?;
    let mut large = filled(&server, 10_000, SMALLEST).await?;
    let (beside_bare, ceiling) = beside_bare(stage, &server, &small).await?;
    // The nonces of a process are for so many polls in two minutes.
    let server = server.restart(stage).await?;
    for device in small.iter_mut().chain(&mut large) {
        device.reopen(&server).await?;
    }
    let beside_small = by_turns(
        stage,
        async |time| polls(&server, &small, ceiling, time).await,
        async |time| polls(&server, &large, ceiling, time).await,
    )
    .await?;
    let row = |name, (value, limit): (f64, f64), least, against| {
        Row::new(name, (value, limit, "/s"), Target::AtLeast(least), against)
    };
    Ok(vec![
        row("poll", beside_bare, 0.35, "a bare actix route, both without TLS"),
        row("poll-10000", beside_small, 0.95, "the same at 100 items"),
    ])
}

/// Both rates, and the highest of the bare route: no poll is faster, so requests for as many are enough.
async fn beside_bare(stage: &Stage, server: &Server, small: &[Device]) -> Result<((f64, f64), f64), Failure> {
    let [first, ..] = small else { return Ok(((f64::NAN, f64::NAN), 0.0)) };
    let heads = server.line().await?.ask(&first.get(HEAD)).await?;
    let (bare, request) = (BareRoute::start(stage, &[heads.body])?, first.get(HEAD));
    let ceiling = Cell::new(0.0_f64);
    let rates = by_turns(
        stage,
        async |time| {
            let rate = bare.rate(&request, CLIENTS, time).await?;
            ceiling.set(rate.max(ceiling.get()));
            Ok(rate)
        },
        async |time| polls(server, small, ceiling.get(), time).await,
    )
    .await?;
    Ok((rates, ceiling.get()))
}

/// Several accounts of so many items: a server remembers only so many nonces of one device.
async fn filled(server: &Server, items: usize, content: usize) -> Result<Vec<Device>, Failure> {
    let mut devices = Device::several(server, ACCOUNTS).await?;
    let mut line = server.line().await?;
    for device in &mut devices {
        device.fill(&mut line, items, content).await?;
    }
    Ok(devices)
}

async fn polls(server: &Server, devices: &[Device], ceiling: f64, time: Duration) -> Result<f64, Failure> {
    let mut clients = Vec::new();
    for device in devices.iter().cycle().take(CLIENTS) {
        clients.push(device.getting(server.line().await?, HEAD, enough(ceiling, time, CLIENTS)));
    }
    Ok(load::run(clients, time).await?.0.rate)
}

const HEAD: &str = "/v1/head";
const CLIENTS: usize = 16;
const ACCOUNTS: usize = 8;
