use std::fmt;

/// A name that a relying party chose and that people are shown: at most 256 bytes of UTF-8
/// without control or direction-changing characters.
///
/// WebAuthn lets authenticators cut names (§6.4.1); replacing what could redraw a terminal or
/// turn text around keeps a hostile name from disguising a prompt.
#[derive(Clone, PartialEq, Eq)]
pub struct Label(String);

impl Label {
    /// The text, with harmful characters replaced by U+FFFD and cut at a character boundary.
    pub fn clipped(text: &str) -> Self {
        let mut label = String::new();
        for character in text.chars().map(harmless) {
            if label.len() + character.len_utf8() > MAX_BYTES {
                break;
            }
            label.push(character);
        }
        Label(label)
    }

    /// The text to show.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Label(..)")
    }
}

fn harmless(character: char) -> char {
    let turns_text = matches!(
        character,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    if character.is_control() || turns_text { char::REPLACEMENT_CHARACTER } else { character }
}

const MAX_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_and_direction_changes_are_replaced() {
        assert_eq!(Label::clipped("\u{1b}[2Jbob\u{202e}\n").as_str(), "\u{fffd}[2Jbob\u{fffd}\u{fffd}");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(Label::clipped(&"é".repeat(200)).as_str(), "é".repeat(128));
        assert_eq!(Label::clipped(&format!("a{}", "é".repeat(200))).as_str().len(), 255);
    }
}
