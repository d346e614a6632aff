mod in_process;
mod redis;
mod redis_url;
mod word;

pub use in_process::InProcessBus;
pub use redis::RedisBus;
pub use redis_url::{NotARedisUrl, RedisUrl};
