use std::fmt;

use ring::digest;
use thiserror::Error;

use crate::Label;

/// A relying party identifier: 1 to 253 printable ASCII characters without space.
///
/// Usually a domain (in Punycode), whose fit to an origin the *client* has checked; SSH and PAM use other
/// strings, such as `ssh:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RpId(String);

impl RpId {
    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its SHA-256, with which authenticator data begins (WebAuthn §6.1).
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, self.0.as_bytes()).as_ref());
        hash
    }
}

impl TryFrom<&str> for RpId {
    type Error = InvalidRpId;

    fn try_from(id: &str) -> Result<Self, InvalidRpId> {
        if id.is_empty() || id.len() > MAX_LENGTH || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidRpId);
        }
        Ok(RpId(id.to_owned()))
    }
}

impl fmt::Display for RpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The RP id is empty, over 253 bytes, or holds other than printable ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an RP id is 1 to 253 printable ASCII characters without space")]
pub struct InvalidRpId;

/// A relying party as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// Its identifier: the only part that anybody checked.
    pub id: RpId,
    /// What it calls itself. Present only when a passkey is made.
    pub name: Option<Label>,
}

/// The length of the longest domain name.
const MAX_LENGTH: usize = 253;
