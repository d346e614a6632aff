use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Text that others chose, without what could redraw a terminal or turn text around.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|character| if misleads(character) { char::REPLACEMENT_CHARACTER } else { character }).collect()
}

fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Unix milliseconds as people and programs read them.
pub(crate) fn rfc3339(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1_000).unwrap_or(i64::MAX);
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|time| time.format(&Rfc3339).ok());
    time.unwrap_or_else(|| format!("{ms} ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_cannot_redraw_the_terminal() {
        assert_eq!(printable("\u{1b}[2Jana\u{202e}\n"), "\u{fffd}[2Jana\u{fffd}\u{fffd}");
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(rfc3339(1_700_000_000_123), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(u64::MAX), "18446744073709551615 ms");
    }
}
