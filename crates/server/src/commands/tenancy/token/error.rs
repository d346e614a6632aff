use std::{fmt, io, path::PathBuf};

use cryptoki::error::{Error, RvError};
use keyfold_assurance::authority::RootError;

/// Why a root in a token is not made, found or used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The library.
    #[error(
        "the PKCS#11 module {} cannot be used ({}); name the library of your token's maker, such as \
         /usr/lib/softhsm/libsofthsm2.so",
        .path.display(), Said(error)
    )]
    Module {
        /// Which.
        path: PathBuf,
        /// Why.
        error: Error,
    },
    /// No token is called so.
    #[error("no token has the label {label:?}: {}", if there.is_empty() {
        "the module sees none, so is it plugged in, and initialized?".to_owned()
    } else {
        format!("there is {}", listed(there))
    })]
    NoToken {
        /// How.
        label: String,
        /// Those that are there.
        there: Vec<String>,
    },
    /// Several are.
    #[error("several tokens have the label {0:?}: unplug all but one, or give each a label of its own")]
    SeveralTokens(String),
    /// It has no PIN.
    #[error("the token has no user PIN yet: set one with its maker's program, and try again")]
    NoPin,
    /// Nobody is there who could type it.
    #[error("the token's PIN is asked for at a terminal: there is none, so name a file by --pin-file")]
    NoTerminal,
    /// The PIN's file, or the terminal.
    #[error("{}: {error}", .path.display())]
    PinFile {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The PIN is another.
    #[error("the token's PIN is wrong{}", .0.told())]
    WrongPin(Tries),
    /// There were too many tries.
    #[error("the token's PIN is locked after too many wrong ones: its security officer (SO PIN, PUK) sets a new one")]
    PinLocked,
    /// It must be changed.
    #[error("the token wants another PIN first: change it with its maker's program")]
    PinExpired,
    /// It may not be written.
    #[error("the token may only be read: take its write protection away, or use another")]
    ReadOnly,
    /// It cannot do what a root needs.
    #[error(
        "the token draws no keys on P-256, or signs no hashes with them (CKM_EC_KEY_PAIR_GEN, CKM_ECDSA): use another"
    )]
    NoP256,
    /// It made a key that is not bound to it.
    #[error("the token would give its keys out, or keeps none of its own: nothing was made, use another")]
    NotBound,
    /// It keeps no certificates.
    #[error("the token keeps no certificates beside its keys ({}): nothing was made, use another", Said(.0))]
    NoCertificates(Error),
    /// There is such a root.
    #[error("the token {token:?} has a root of {name:?}, or what is left of one: it stays as it is")]
    Exists {
        /// Where.
        token: String,
        /// Whose.
        name: String,
    },
    /// There is none.
    #[error("the token {token:?} has no such root: {}", if there.is_empty() {
        "it has none, so make one by `keyfoldd ca root`".to_owned()
    } else {
        format!("it has that of {}", listed(there))
    })]
    NoRoot {
        /// Where.
        token: String,
        /// Those that are there.
        there: Vec<String>,
    },
    /// There are several.
    #[error("the token {token:?} has several roots: name one by --name, of {}", listed(there))]
    WhichRoot {
        /// Where.
        token: String,
        /// Those that are there.
        there: Vec<String>,
    },
    /// A key or a certificate is missing, or is there twice.
    #[error(
        "the token has {found} objects {label:?} where there should be one: put it back from your backup of the token"
    )]
    Missing {
        /// What it is called.
        label: String,
        /// How many there are.
        found: usize,
    },
    /// It cannot be read.
    #[error(
        "the token's certificate {label:?} is not what `keyfoldd ca root` put there: put it back from your backup of the token"
    )]
    Certificate {
        /// What it is called.
        label: String,
    },
    /// What it signs is not by that key.
    #[error("the token's signature is not by the key of its certificate: nothing was written")]
    OtherKey,
    /// It was unplugged.
    #[error("the token went away while it was in use: plug it in, and try again")]
    Gone,
    /// It has no room.
    #[error("the token has no room left: remove from it what you do not need, or use another")]
    Full,
    /// What it says by a number of PKCS#11.
    #[error("the token does not do this, {}: its maker's manual says why", Said(.0))]
    Token(Error),
    /// The root does not do it.
    #[error(transparent)]
    Root(Box<RootError>),
}

/// What a token tells of the tries that are left: PKCS#11 knows no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tries {
    /// One.
    One,
    /// Fewer than there were.
    Fewer,
    /// It does not say.
    Untold,
}

impl Tries {
    fn told(self) -> &'static str {
        match self {
            Self::One => ": one try is left, and then it locks",
            Self::Fewer => ": it has counted that, and locks after a few",
            Self::Untold => "",
        }
    }
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        match error {
            Error::Pkcs11(RvError::DeviceRemoved | RvError::TokenNotPresent, _) => Self::Gone,
            Error::Pkcs11(RvError::DeviceMemory, _) => Self::Full,
            error => Self::Token(error),
        }
    }
}

impl From<RootError> for TokenError {
    fn from(error: RootError) -> Self {
        Self::Root(Box::new(error))
    }
}

/// A library's error in the standard's words: a function and its return value, not a paragraph of it.
struct Said<'a>(&'a Error);

impl fmt::Display for Said<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Error::LibraryLoading(error) => write!(formatter, "{error}"),
            Error::Pkcs11(value, function) => write!(formatter, "C_{function:?}: {value:?}"),
            error => write!(formatter, "{error}"),
        }
    }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    #[test]
    fn what_a_library_says_is_short() {
        let refused = TokenError::from(Error::Pkcs11(RvError::TemplateInconsistent, Function::GenerateKeyPair));
        assert!(refused.to_string().contains("C_GenerateKeyPair: TemplateInconsistent"), "{refused}");
        let gone = TokenError::from(Error::Pkcs11(RvError::DeviceRemoved, Function::Sign));
        assert!(gone.to_string().contains("plug it in"), "{gone}");
    }

    #[test]
    fn the_tries_that_are_left_are_told() {
        let told = [Tries::One, Tries::Fewer, Tries::Untold].map(|tries| TokenError::WrongPin(tries).to_string());
        assert!(told[0].contains("one try is left") && told[1].contains("locks") && told[2].ends_with("is wrong"));
    }
}
