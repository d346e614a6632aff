use std::{sync::Arc, time::Duration};

use super::asker::Asker;

/// How often somebody asks, over all replicas.
pub struct RedisRates {
    asker: Arc<Asker>,
}

/// One request for each `interval`, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedQuota {
    /// Between two requests.
    pub interval: Duration,
    /// Requests at once.
    pub burst: u32,
}

impl RedisRates {
    pub(super) fn new(asker: Arc<Asker>) -> Self {
        Self { asker }
    }

    /// Counts a request of `who`; how long it has to wait, if it asks too often. Without Redis nobody waits here.
    pub async fn count(&self, who: &str, quota: SharedQuota) -> Option<Duration> {
        let mut question = redis::cmd("EVAL");
        let interval = u64::try_from(quota.interval.as_micros()).unwrap_or(u64::MAX);
        question.arg(COUNT).arg(1).arg(format!("keyfold:rate:{who}")).arg(interval).arg(quota.burst);
        let wait: u64 = self.asker.ask(&question).await?;
        (wait > 0).then(|| Duration::from_micros(wait))
    }
}

/// The generic cell rate algorithm, in microseconds of Redis's own clock: the key holds when the next request would be due if
/// all came at their interval.
const COUNT: &str = "\
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = tonumber(redis.call('GET', KEYS[1])) or 0
-- What lies further ahead was written by a clock that has gone back since.
if due < now or due > now + interval * burst then due = now end
due = due + interval
local wait = due - interval * burst - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000))
return 0";
