use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;
use keyfold_vault::{CachedHeads, HeadCache, storage::AccountId};

use super::asker::Asker;

/// Heads that another replica has seen within the last second.
pub struct RedisHeads {
    asker: Arc<Asker>,
}

impl RedisHeads {
    pub(super) fn new(asker: Arc<Asker>) -> Self {
        Self { asker }
    }
}

#[async_trait]
impl HeadCache for RedisHeads {
    async fn get(&self, account: AccountId) -> Option<CachedHeads> {
        let question = redis::cmd("EVAL").arg(GET).arg(1).arg(key(account)).to_owned();
        let (heads, left): (Option<Vec<u8>>, u64) = self.asker.ask(&question).await?;
        // What lives longer was not put by a replica, or not by this clock.
        Some(CachedHeads { heads: heads?, age: FRESH.checked_sub(left)? })
    }

    fn put(&self, account: AccountId, order: u64, heads: Bytes, age: u64) {
        let (asker, put) = (Arc::clone(&self.asker), Instant::now());
        tokio::spawn(async move {
            let waited = u64::try_from(put.elapsed().as_millis()).unwrap_or(u64::MAX);
            let left = FRESH.saturating_sub(age.saturating_add(waited));
            if left == 0 {
                return None;
            }
            let mut question = redis::cmd("EVAL");
            question.arg(PUT).arg(1).arg(key(account)).arg(order).arg(heads.as_ref()).arg(left);
            asker.ask::<()>(&question).await
        });
    }
}

fn key(account: AccountId) -> String {
    format!("keyfold:head:{account}")
}

/// Milliseconds for which heads are kept.
const FRESH: u64 = 1_000;

/// Both at one moment.
const GET: &str = "return {redis.call('HGET', KEYS[1], 'heads'), math.max(redis.call('PTTL', KEYS[1]), 0)}";

/// Later heads stay: a replica may be slow to tell what it read.
const PUT: &str = "\
local order = redis.call('HGET', KEYS[1], 'order')
if not order or tonumber(order) <= tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'order', ARGV[1], 'heads', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end";
