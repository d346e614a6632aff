use std::{str::FromStr, time::Duration};

/// A time span as people write it: a number and `s`, `m`, `h` or `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// A time span, or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpanOrNever {
    Span(Span),
    Never,
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a time is a number and s, m, h or d, such as 30m";
        let unit = text.chars().next_back().ok_or(wrong)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return Err(wrong),
        };
        let number = text.get(..text.len() - unit.len_utf8()).unwrap_or_default();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong);
        }
        let number: u64 = number.parse().map_err(|_| wrong)?;
        number
            .checked_mul(seconds)
            .filter(|seconds| *seconds <= LONGEST)
            .map(Duration::from_secs)
            .map(Self)
            .ok_or("a time is at most 3650d")
    }
}

impl FromStr for SpanOrNever {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "never" { Ok(Self::Never) } else { text.parse().map(Self::Span) }
    }
}

impl SpanOrNever {
    /// `None` for ever.
    pub(crate) const fn span(self) -> Option<Duration> {
        match self {
            Self::Span(span) => Some(span.0),
            Self::Never => None,
        }
    }
}

/// The shortest way to write a time span.
pub(crate) fn written(span: Duration) -> String {
    let seconds = span.as_secs();
    [(24 * 60 * 60, 'd'), (60 * 60, 'h'), (60, 'm')]
        .into_iter()
        .find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit))
        .map_or_else(|| format!("{seconds}s"), |(unit, name)| format!("{}{name}", seconds / unit))
}

const LONGEST: u64 = 3_650 * 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("30m", 1_800), ("8h", 28_800), ("3650d", LONGEST)] {
            assert_eq!(text.parse(), Ok(Span(Duration::from_secs(seconds))), "{text}");
        }
        for text in ["", "h", "8", "8H", "-1h", "+1h", "1.5h", " 1h", "1h ", "1ü", "3651d", "99999999999999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text:?}");
        }
        assert_eq!("never".parse(), Ok(SpanOrNever::Never));
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["0s", "90s", "30m", "8h", "2d"] {
            assert_eq!(written(text.parse::<Span>().unwrap().0), text);
        }
    }
}
