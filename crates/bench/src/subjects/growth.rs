//! A push of one item, a poll and a delta pull of one commit, each by one client that waits for its answer, in vaults of
//! 10, 1,000 and 100,000 items on one server. The limit is the rate with 10 items, measured by turns. A rate may lose a
//! fifth to noise and to the database's index being a page deeper; cost that grew with the vault would lose nearly all.

use std::time::Duration;

use crate::{
    compare::{ROUNDS, steady},
    device::{Device, SMALLEST, TYPICAL},
    failure::Failure,
    load::{self, Client, enough},
    output,
    report::{Row, Target},
    server::Server,
    stage::Stage,
};

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let server = Server::start(stage, &[]).await?;
    let mut vaults = Vec::new();
    for items in SIZES {
        output::progress(&format!("filling a vault with {items} items"));
        let (mut device, mut line) = (Device::found(&server).await?, server.line().await?);
        device.fill(&mut line, items, SMALLEST).await?;
        device.change_one(&mut line).await?;
        vaults.push(device);
    }
    let mut rows = Vec::new();
    for (what, names) in ACTS {
        let mut rates = vec![Vec::new(); vaults.len()];
        for _ in 0..ROUNDS {
            for (device, rates) in vaults.iter_mut().zip(&mut rates) {
                device.reopen(&server).await?;
                rates.push(rate(&server, device, what, stage.time / ROUNDS).await?);
            }
        }
        let medians: Vec<f64> = rates.into_iter().map(|turns| steady("a vault", turns)).collect();
        let [least, more @ ..] = medians.as_slice() else { continue };
        rows.extend(
            names.into_iter().zip(more).map(|(name, rate)| {
                Row::new(name, (*rate, *least, "/s"), Target::AtLeast(0.8), "the same with 10 items")
            }),
        );
    }
    Ok(rows)
}

async fn rate(server: &Server, device: &mut Device, act: Act, time: Duration) -> Result<f64, Failure> {
    let mut line = server.line().await?;
    match act {
        Act::Push => {
            // One after the other: what is measured may take no push more than it sends.
            let begun = std::time::Instant::now();
            let (mut sent, mut asking) = (0, Duration::ZERO);
            while begun.elapsed() < time {
                let body = device.draft(1, TYPICAL)?;
                let request = device.push(&body);
                let asked = std::time::Instant::now();
                line.ask(&request).await?;
                asking += asked.elapsed();
                sent += 1;
            }
            Ok(f64::from(sent) / asking.as_secs_f64())
        }
        Act::Poll | Act::Delta => {
            let path = if act == Act::Poll { "/v1/head".to_owned() } else { device.delta() };
            let client: Client = device.getting(line, &path, enough(CEILING, time, 1));
            Ok(load::run(vec![client], time).await?.0.rate)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Push,
    Poll,
    Delta,
}

const SIZES: [usize; 3] = [10, 1_000, 100_000];
/// Each with the names of its rows: at 1,000 and at 100,000 items.
const ACTS: [(Act, [&str; 2]); 3] = [
    (Act::Push, ["push-at-1000", "push-at-100000"]),
    (Act::Poll, ["poll-at-1000", "poll-at-100000"]),
    (Act::Delta, ["delta-at-1000", "delta-at-100000"]),
];
/// One client asks no more often in a second.
const CEILING: f64 = 20_000.0;
