use std::{fmt, str::FromStr};

use redis::{ConnectionInfo, IntoConnectionInfo};

/// Where Redis is: `redis://…`, or `rediss://…` with TLS. Prints without passwords.
#[derive(Clone)]
pub struct RedisUrl {
    text: String,
    pub(crate) info: ConnectionInfo,
}

/// A text names no Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Redis is written as redis://:PASSWORD@HOST:PORT, or rediss://… with TLS")]
pub struct NotARedisUrl;

impl FromStr for RedisUrl {
    type Err = NotARedisUrl;

    fn from_str(text: &str) -> Result<Self, NotARedisUrl> {
        // The library takes more: sockets, and TLS that checks no certificate.
        let plain = text.starts_with("redis://") || text.starts_with("rediss://");
        if !plain || text.contains('#') {
            return Err(NotARedisUrl);
        }
        let info = text.into_connection_info().map_err(|_| NotARedisUrl)?;
        Ok(Self { text: text.to_owned(), info })
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.text.split_once("://").unwrap_or(("redis", ""));
        match rest.rsplit_once('@') {
            Some((_, place)) => write!(f, "{scheme}://***@{place}"),
            None => f.write_str(&self.text),
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        for (text, shown) in [
            ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379"),
            ("redis://:s3cret@127.0.0.1/1", "redis://***@127.0.0.1/1"),
            ("rediss://ana:s3cret@redis.example:6380", "rediss://***@redis.example:6380"),
        ] {
            assert_eq!(text.parse::<RedisUrl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn other_places_are_refused_and_tls_that_checks_nothing_too() {
        for text in ["", "redis", "127.0.0.1:6379", "http://x", "unix:///tmp/x", "redis://", "rediss://x/#insecure"] {
            assert!(text.parse::<RedisUrl>().is_err(), "{text}");
        }
    }
}
