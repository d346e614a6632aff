use std::fmt;

use thiserror::Error;

use crate::Label;

/// The account that a passkey signs in to.
///
/// `Debug` prints nothing of it: names are as private as the vault that holds them.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The relying party's own name for the account.
    pub handle: UserHandle,
    /// A name that tells accounts apart, such as an e-mail address.
    pub name: Option<Label>,
    /// A name that the person chose.
    pub display_name: Option<Label>,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User(..)")
    }
}

/// A user handle (WebAuthn §5.4.3): 1 to 64 opaque bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserHandle(Vec<u8>);

impl UserHandle {
    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for UserHandle {
    type Error = InvalidUserHandle;

    fn try_from(bytes: &[u8]) -> Result<Self, InvalidUserHandle> {
        if (1..=MAX_LENGTH).contains(&bytes.len()) { Ok(UserHandle(bytes.to_vec())) } else { Err(InvalidUserHandle) }
    }
}

impl fmt::Debug for UserHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserHandle(..)")
    }
}

/// The user handle is not 1 to 64 bytes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a user handle is 1 to 64 bytes long")]
pub struct InvalidUserHandle;

const MAX_LENGTH: usize = 64;
