use keyfold_wire::v1;

const MAX_BYTES: usize = 64;

/// What people read of a device, checked to be safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// "Ana's laptop"
    pub name: String,
    /// "linux x86_64"
    pub platform: String,
    /// "keyfold 0.1.0"
    pub agent: String,
}

/// A name that people would read wrongly, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 64 bytes of text, not blank, without control or direction characters")]
pub struct DescriptionError;

/// Checks one text of a description: a name that a person is asked to confirm must look like what it is.
///
/// # Errors
/// [`DescriptionError`].
pub fn check_text(text: &str) -> Result<(), DescriptionError> {
    let legible = (1..=MAX_BYTES).contains(&text.len())
        && text.chars().any(|char| !char.is_whitespace())
        && !text.chars().any(misleads);
    if legible { Ok(()) } else { Err(DescriptionError) }
}

/// Text that others chose, as it may be shown: what [`check_text`] would refuse of its characters is U+FFFD.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|char| if misleads(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// Control characters, and those that reorder or hide the text around them.
fn misleads(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{00ad}'
                | '\u{061c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

impl Description {
    /// As a message field holds it.
    #[must_use]
    pub fn to_wire(&self) -> v1::DeviceDescription {
        v1::DeviceDescription { name: self.name.clone(), platform: self.platform.clone(), agent: self.agent.clone() }
    }
}

impl TryFrom<&v1::DeviceDescription> for Description {
    type Error = DescriptionError;

    fn try_from(description: &v1::DeviceDescription) -> Result<Self, DescriptionError> {
        for text in [&description.name, &description.platform, &description.agent] {
            check_text(text)?;
        }
        Ok(Self {
            name: description.name.clone(),
            platform: description.platform.clone(),
            agent: description.agent.clone(),
        })
    }
}

impl TryFrom<Option<&v1::DeviceDescription>> for Description {
    type Error = DescriptionError;

    fn try_from(description: Option<&v1::DeviceDescription>) -> Result<Self, DescriptionError> {
        description.ok_or(DescriptionError)?.try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mislead_are_refused() {
        for text in ["", "   ", "a\u{1b}[2J", "abc\u{202e}txt", "a\u{200b}b", "line\nline", &"x".repeat(65)] {
            assert_eq!(check_text(text), Err(DescriptionError), "{text:?}");
        }
        for text in ["Ana's laptop", "日本語の電話", "Größe 2"] {
            assert_eq!(check_text(text), Ok(()));
        }
    }

    #[test]
    fn text_that_misleads_is_shown_as_what_it_is() {
        for misleading in ['\u{1b}', '\n', '\u{ad}', '\u{61c}', '\u{180e}', '\u{200b}', '\u{200d}', '\u{202e}'] {
            assert_eq!(printable(&format!("an{misleading}a")), "an\u{fffd}a", "{misleading:?}");
        }
        for misleading in ['\u{2060}', '\u{2064}', '\u{2069}', '\u{feff}', '\u{fffb}', '\u{e0001}', '\u{e007f}'] {
            assert_eq!(printable(&format!("an{misleading}a")), "an\u{fffd}a", "{misleading:?}");
        }
        for text in ["", "Ana's laptop", "日本語の電話", "👍 Größe 2"] {
            assert_eq!(printable(text), text);
        }
    }
}
