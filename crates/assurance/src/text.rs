//! Names that administrators give, and that people confirm.

/// A name is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 64 bytes, and nothing that cannot be seen")]
pub struct NotAName;

/// A name as proto/README.md §4 wants texts: whoever confirms a tenant's name in a roster confirms what they see.
pub(crate) fn name(text: &str) -> Result<String, NotAName> {
    let is_seen = text.chars().any(|letter| !letter.is_whitespace());
    let hides = text.chars().any(is_hidden);
    if is_seen && !hides && text.len() <= LONGEST { Ok(text.to_owned()) } else { Err(NotAName) }
}

fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_looks_like_what_it_is() {
        assert_eq!(name("Example Ltd."), Ok("Example Ltd.".to_owned()));
        for text in ["", "  ", "a\nb", "a\u{202e}b", &"a".repeat(65)] {
            assert_eq!(name(text), Err(NotAName), "{text:?}");
        }
    }
}
