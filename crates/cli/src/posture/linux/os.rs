//! Which system runs.

use std::collections::BTreeMap;

use super::{
    files::{Root, Unread},
    found::Found,
};

/// Name and version by os-release(5).
pub(super) fn distribution(root: &Root) -> (Found<String>, Found<String>) {
    let text = match root.text("/etc/os-release") {
        Err(Unread::Absent) => root.text("/usr/lib/os-release"),
        read => read,
    };
    let Ok(text) = text else {
        let reason = "neither /etc/os-release nor /usr/lib/os-release can be read";
        return (Found::unknown(reason), Found::unknown(reason));
    };
    let said = assignments(&text);
    let fact = |key: &str, without: &str| match said.get(key) {
        Some(value) if is_plain(value) => Found::known(value.clone(), format!("os-release says so ({key})")),
        Some(_) => Found::unknown(format!("{key} in os-release is empty, too long or has control characters")),
        None => Found::unknown(without),
    };
    let name = match said.get("NAME") {
        // What the standard says in its place.
        None => Found::known("Linux".to_owned(), "os-release has no name"),
        Some(_) => fact("NAME", ""),
    };
    (
        name,
        fact(
            "VERSION_ID",
            "os-release has no VERSION_ID: the distribution has no versions, or this is not a release of it",
        ),
    )
}

/// The kernel's release.
pub(super) fn kernel(root: &Root) -> Found<String> {
    match root.text("/proc/sys/kernel/osrelease").as_deref().map(str::trim_end) {
        Ok(release) if is_plain(release) => Found::known(release.to_owned(), "the kernel says so"),
        _ => Found::unknown("/proc/sys/kernel/osrelease can't be read"),
    }
}

/// The last assignment to each name. Lines that are none are passed over.
fn assignments(text: &str) -> BTreeMap<&str, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.filter_map(|(name, value)| Some((name, unquoted(value)?))).collect()
}

/// One word as a shell reads it, without expansion. `None` for what would not be one word.
fn unquoted(word: &str) -> Option<String> {
    let mut value = String::new();
    let mut letters = word.chars();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            ('\\', None) => value.push(letters.next()?),
            // Within double quotes, only these can be escaped.
            ('\\', Some('"')) => match letters.next()? {
                escaped @ ('$' | '"' | '\\' | '`') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            (letter, None) if letter.is_whitespace() => return None,
            (letter, _) => value.push(letter),
        }
    }
    if quote.is_none() { Some(value) } else { None }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().nth(MAX_TEXT).is_none() && !text.chars().any(char::is_control)
}

const MAX_TEXT: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_a_shell_reads_them() {
        let cases = [
            ("13", Some("13")),
            ("\"Debian GNU/Linux\"", Some("Debian GNU/Linux")),
            ("'single $HOME'", Some("single $HOME")),
            (r#""a \"b\" \$c \\ \` \d""#, Some(r#"a "b" $c \ ` \d"#)),
            (r"a\ b", Some("a b")),
            ("a\"b\"'c'", Some("abc")),
            ("", Some("")),
            ("two words", None),
            ("\"open", None),
            ("'open", None),
            ("ends\\", None),
        ];
        for (word, value) in cases {
            assert_eq!(unquoted(word).as_deref(), value, "{word}");
        }
    }

    #[test]
    fn the_last_assignment_counts() {
        let text = "# NAME=comment\n\nNAME=first\nnonsense\nNAME='second'\r\nVERSION_ID=\"broken\nX=1=2\n";
        let said = assignments(text);
        assert_eq!(said.get("NAME").map(String::as_str), Some("second"));
        assert_eq!(said.get("VERSION_ID"), None);
        assert_eq!(said.get("X").map(String::as_str), Some("1=2"));
    }
}
