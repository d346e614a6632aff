//! What replicas share through Redis beside words: heads that are seconds old, and how often somebody asks. All of it may be
//! lost: without it each replica looks for itself and counts by itself.

mod asker;
mod heads;
mod rates;

pub use heads::RedisHeads;
pub use rates::{RedisRates, SharedQuota};

use std::sync::Arc;

use crate::RedisUrl;
use asker::Asker;

/// One connection for both.
#[must_use]
pub fn shared(url: &RedisUrl) -> (RedisHeads, RedisRates) {
    let asker = Arc::new(Asker::new(url));
    (RedisHeads::new(Arc::clone(&asker)), RedisRates::new(asker))
}
