use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A version: 1 to 8 decimal numbers below 2³², joined by dots. It is compared number by number, and what is not written counts
/// as 0: `15` is `15.0`, and `22.04` is before `22.10`. It is written as it was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(String);

/// A text that is no [`Version`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a version is 1 to 8 numbers with dots between them, such as 14.2.1")]
pub struct NotAVersion;

impl Version {
    fn numbers(&self) -> [u32; MAX_NUMBERS] {
        let mut numbers = [0; MAX_NUMBERS];
        for (number, text) in numbers.iter_mut().zip(self.0.split('.')) {
            *number = text.parse().unwrap_or_default();
        }
        numbers
    }
}

impl TryFrom<String> for Version {
    type Error = NotAVersion;

    fn try_from(text: String) -> Result<Self, NotAVersion> {
        // `parse` would take a sign.
        let is_number = |text: &str| {
            (1..=MAX_DIGITS).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_digit())
                && text.parse::<u32>().is_ok()
        };
        let short = text.split('.').nth(MAX_NUMBERS).is_none();
        if short && text.split('.').all(is_number) { Ok(Self(text)) } else { Err(NotAVersion) }
    }
}

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        text.to_owned().try_into()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers().cmp(&other.numbers())
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

const MAX_NUMBERS: usize = 8;
const MAX_DIGITS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let ascending = ["0", "0.0.1", "9.9", "10", "10.0.19045", "10.0.22631", "22.04", "22.10", "4294967295"];
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("15"), version("15.0.0"));
        assert_eq!(version("22.04"), version("22.4"));
        assert_eq!(version("22.04").to_string(), "22.04");
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in ["", ".", "1.", ".1", "1..2", "+1", "-1", "1.x", "v1", " 1", "1 ", "4294967296", "00000000001", "١"]
        {
            assert_eq!(text.parse::<Version>(), Err(NotAVersion), "{text:?}");
        }
        assert!("1.2.3.4.5.6.7.8".parse::<Version>().is_ok());
        assert!("1.2.3.4.5.6.7.8.9".parse::<Version>().is_err());
    }
}
