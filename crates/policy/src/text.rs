use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Names a policy within its tenant: 1 to 64 of `a-z`, `A-Z`, `0-9`, `.`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyId(String);

/// Names a rule within its policy, in the form of a [`PolicyId`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuleId(String);

/// What people call something: 1 to 100 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// A text that does not have the form of what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotText {
    /// Neither a [`PolicyId`] nor a [`RuleId`].
    #[error("an id has 1 to 64 letters, digits, dots, underscores or hyphens")]
    Id,
    /// Not a [`Name`].
    #[error("a name has 1 to 100 characters, and no control characters")]
    Name,
}

impl TryFrom<String> for PolicyId {
    type Error = NotText;

    fn try_from(text: String) -> Result<Self, NotText> {
        id(text).map(Self)
    }
}

impl TryFrom<String> for RuleId {
    type Error = NotText;

    fn try_from(text: String) -> Result<Self, NotText> {
        id(text).map(Self)
    }
}

impl TryFrom<String> for Name {
    type Error = NotText;

    fn try_from(text: String) -> Result<Self, NotText> {
        let long = text.chars().nth(MAX_NAME).is_some();
        let wrong = text.is_empty() || long || text.chars().any(char::is_control);
        if wrong { Err(NotText::Name) } else { Ok(Self(text)) }
    }
}

macro_rules! reads_and_writes {
    ($($text:ty),*) => {$(
        impl FromStr for $text {
            type Err = NotText;

            fn from_str(text: &str) -> Result<Self, NotText> {
                text.to_owned().try_into()
            }
        }

        impl From<$text> for String {
            fn from(text: $text) -> Self {
                text.0
            }
        }

        impl fmt::Display for $text {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

reads_and_writes!(PolicyId, RuleId, Name);

fn id(text: String) -> Result<String, NotText> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let right = (1..=MAX_ID).contains(&text.len()) && text.bytes().all(allowed);
    if right { Ok(text) } else { Err(NotText::Id) }
}

const MAX_ID: usize = 64;
const MAX_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_have_a_form() {
        for id in ["a", "laptops.v2_final-3", &"x".repeat(64)] {
            assert_eq!(id.parse::<PolicyId>().unwrap().to_string(), id);
            assert!(id.parse::<RuleId>().is_ok());
        }
        for id in ["", "two words", "naïve", &"x".repeat(65), "a\n"] {
            assert_eq!(id.parse::<PolicyId>(), Err(NotText::Id));
            assert_eq!(id.parse::<RuleId>(), Err(NotText::Id));
        }
        assert!("Geräte im Büro".parse::<Name>().is_ok());
        assert!("ö".repeat(100).parse::<Name>().is_ok());
        for name in ["", "two\nlines", &"ö".repeat(101)] {
            assert_eq!(name.parse::<Name>(), Err(NotText::Name));
        }
    }
}
