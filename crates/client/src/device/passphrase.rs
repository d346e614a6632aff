use std::fmt;

use zeroize::Zeroizing;

/// What a person types to open a profile, or an exported file. Zeroizes on drop and prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

/// A new passphrase is too easy to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a passphrase has at least {MIN_CHARS} characters; several words that do not belong together are easy to keep")]
pub struct PassphraseTooShort;

impl Passphrase {
    /// A passphrase as it was typed to open what it was chosen for.
    #[must_use]
    pub const fn typed(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// A passphrase that somebody chooses now: at least 8 characters.
    ///
    /// # Errors
    /// [`PassphraseTooShort`].
    pub fn chosen(text: Zeroizing<String>) -> Result<Self, PassphraseTooShort> {
        if text.chars().count() < MIN_CHARS { Err(PassphraseTooShort) } else { Ok(Self(text)) }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

const MIN_CHARS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_has_eight_characters_and_prints_none() {
        assert_eq!(Passphrase::chosen(Zeroizing::new("äöüäöüä".into())), Err(PassphraseTooShort));
        let passphrase = Passphrase::chosen(Zeroizing::new("äöüäöüäö".into())).unwrap();
        assert_eq!(format!("{passphrase:?}"), "Passphrase(..)");
    }
}
