use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A moment: milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

/// A day: how many whole days lie between 1970-01-01 and it. Evidence tells days, since a time of day tells whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub u32);

impl UnixMillis {
    /// Whole seconds, as JOSE counts them.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000
    }

    /// The day it is in.
    #[must_use]
    pub fn day(self) -> Day {
        Day(u32::try_from(self.0 / DAY).unwrap_or(u32::MAX))
    }
}

impl Day {
    /// Its first moment.
    #[must_use]
    pub const fn begins(self) -> UnixMillis {
        UnixMillis(self.0 as u64 * DAY)
    }

    /// So many days later.
    #[must_use]
    pub const fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(days))
    }
}

impl fmt::Display for Day {
    /// RFC 3339's full-date.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = i64::from(self.0).checked_mul(24 * 60 * 60).map(OffsetDateTime::from_unix_timestamp);
        match date {
            Some(Ok(moment)) => write!(f, "{}", moment.date()),
            _ => write!(f, "day {}", self.0),
        }
    }
}

const DAY: u64 = 24 * 60 * 60 * 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_dates() {
        let cases = [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (20_788, "2026-12-01"),
            (47_540, "2100-02-28"),
        ];
        for (day, date) in cases {
            assert_eq!(Day(day).to_string(), date);
        }
        assert_eq!(Day(47_541).to_string(), "2100-03-01");
    }

    #[test]
    fn a_day_has_its_moments() {
        assert_eq!(UnixMillis(DAY - 1).day(), Day(0));
        assert_eq!(UnixMillis(DAY).day(), Day(1));
        assert_eq!(Day(1).begins(), UnixMillis(DAY));
    }
}
