use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{failure::Failure, line::Line};

/// One client: a connection, and requests that are ready to be sent, one after the answer to the other.
#[derive(Debug)]
pub(crate) struct Client {
    line: Line,
    requests: VecDeque<Vec<u8>>,
    supply: Supply,
    answered: usize,
}

/// Whether a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Supply {
    /// It carries a nonce or a commit.
    Once,
    /// Nobody looks at it.
    Again,
}

/// What several clients reached together.
#[derive(Debug)]
pub(crate) struct Load {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Of each request, as its client saw it.
    pub(crate) latencies: Vec<Duration>,
    /// How many requests each client had answered, in their order.
    pub(crate) answered: Vec<usize>,
}

impl Client {
    /// Sends each request once; the round ends early when the first client has no more.
    pub(crate) fn once(line: Line, requests: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { line, requests: requests.into_iter().collect(), supply: Supply::Once, answered: 0 }
    }

    /// Sends one request over and over.
    pub(crate) fn again(line: Line, request: Vec<u8>) -> Self {
        Self { line, requests: VecDeque::from([request]), supply: Supply::Again, answered: 0 }
    }

    /// Asks until the time is over, a request is missing, or somebody else stopped.
    async fn run(&mut self, deadline: Instant, stopped: &AtomicBool) -> Result<Vec<Duration>, Failure> {
        let mut latencies = Vec::new();
        while !stopped.load(Ordering::Relaxed) && Instant::now() < deadline {
            let Some(request) = self.requests.pop_front() else { break };
            let sent = Instant::now();
            self.line.pass(&request).await?;
            latencies.push(sent.elapsed());
            self.answered += 1;
            if self.supply == Supply::Again {
                self.requests.push_back(request);
            }
        }
        stopped.store(true, Ordering::Relaxed);
        Ok(latencies)
    }
}

/// Lets all clients ask at once for a time; their lines come back in their order.
pub(crate) async fn run(clients: Vec<Client>, time: Duration) -> Result<(Load, Vec<Line>), Failure> {
    let stopped = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    for (index, mut client) in clients.into_iter().enumerate() {
        let stopped = Arc::clone(&stopped);
        tasks.spawn(async move {
            let latencies = client.run(begun + time, &stopped).await?;
            Ok::<_, Failure>((index, latencies, client))
        });
    }
    let mut done = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        done.push(ended.map_err(Failure::client("a client"))??);
    }
    let took = begun.elapsed().as_secs_f64();
    done.sort_by_key(|(index, ..)| *index);
    let mut load = Load { rate: 0.0, latencies: Vec::new(), answered: Vec::new() };
    let mut lines = Vec::new();
    for (_, latencies, client) in done {
        load.latencies.extend(latencies);
        load.answered.push(client.answered);
        lines.push(client.line);
    }
    load.rate = load.latencies.len() as f64 / took;
    Ok((load, lines))
}

/// The latency that 99 of 100 requests stay below.
pub(crate) fn p99(latencies: &mut [Duration]) -> Duration {
    latencies.sort_unstable();
    let place = (latencies.len() * 99).div_ceil(100).saturating_sub(1);
    latencies.get(place).copied().unwrap_or(Duration::MAX)
}

/// How many requests a client must have ready to last for `time`, if all `clients` reach `rate` together.
pub(crate) fn enough(rate: f64, time: Duration, clients: usize) -> usize {
    let each = rate * time.as_secs_f64() / clients as f64;
    each.min(MOST) as usize + SPARE
}

const MOST: f64 = 1_000_000.0;
const SPARE: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_of_a_hundred_may_be_slower() {
        let mut latencies: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(p99(&mut latencies), Duration::from_millis(99));
        assert_eq!(p99(&mut [Duration::from_millis(7)]), Duration::from_millis(7));
        assert_eq!(p99(&mut []), Duration::MAX);
    }

    #[test]
    fn there_are_requests_for_the_whole_time() {
        assert_eq!(enough(1_000.0, Duration::from_secs(2), 4), 500 + SPARE);
        assert_eq!(enough(f64::INFINITY, Duration::from_secs(2), 4), 1_000_000 + SPARE);
    }
}
