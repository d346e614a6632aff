//! Sessions: the id says whose and how long, and any replica derives the secret from it.

use std::{fmt, str::FromStr};

use data_encoding::BASE32_NOPAD;
use keyfold_wire::{AccountId, MemberId};

use crate::{Namespace, kdf, secret::secret};

const ID_LEN: usize = 52;

secret!(
    /// A server's key that session secrets are derived from; known by a `kid` and rotated.
    SessionKey,
    32
);

secret!(
    /// The HMAC key of a session's requests.
    SessionSecret,
    32
);

/// Whose a session is, and until when. Prints as 84 characters of lower-case base32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId {
    /// Which of the server's keys its secret comes from.
    pub kid: u32,
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: MemberId,
    /// Unix milliseconds.
    pub expires_at: u64,
    /// Makes the id, and so the secret, this session's own.
    pub random: [u8; 8],
}

/// A text is not a session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session id")]
pub struct NotASessionId;

impl SessionId {
    /// `kid (4) ‖ account (16) ‖ device (16) ‖ expires_at (8) ‖ random (8)`, big-endian.
    #[must_use]
    pub fn bytes(&self) -> [u8; ID_LEN] {
        let mut bytes = Vec::with_capacity(ID_LEN);
        bytes.extend_from_slice(&self.kid.to_be_bytes());
        bytes.extend_from_slice(self.account.as_bytes());
        bytes.extend_from_slice(self.device.as_bytes());
        bytes.extend_from_slice(&self.expires_at.to_be_bytes());
        bytes.extend_from_slice(&self.random);
        bytes.try_into().unwrap_or([0; ID_LEN])
    }
}

impl SessionKey {
    /// The secret of a session: `HKDF(key, no salt, session-secret ‖ id)`. Only who was told it can sign under the id.
    #[must_use]
    pub fn secret(&self, id: &SessionId) -> SessionSecret {
        SessionSecret::new(*kdf::derive::<32>(self.expose(), &[], Namespace::SessionSecret, &[&id.bytes()]))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.bytes()).to_ascii_lowercase())
    }
}

impl FromStr for SessionId {
    type Err = NotASessionId;

    fn from_str(text: &str) -> Result<Self, NotASessionId> {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(NotASessionId);
        }
        let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).map_err(|_| NotASessionId)?;
        let bytes: [u8; ID_LEN] = bytes.try_into().map_err(|_| NotASessionId)?;
        let mut rest = bytes.as_slice();
        Ok(Self {
            kid: u32::from_be_bytes(take(&mut rest)?),
            account: AccountId::new(take(&mut rest)?),
            device: MemberId::new(take(&mut rest)?),
            expires_at: u64::from_be_bytes(take(&mut rest)?),
            random: take(&mut rest)?,
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], NotASessionId> {
    let (taken, left) = rest.split_first_chunk().ok_or(NotASessionId)?;
    *rest = left;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_its_secret_is_its_own() {
        let id = SessionId {
            kid: 7,
            account: AccountId::new([1; 16]),
            device: MemberId::new([2; 16]),
            expires_at: 1_800_000_000_000,
            random: [3; 8],
        };
        assert_eq!(id.to_string().len(), 84);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse::<SessionId>(), Err(NotASessionId));

        let key = SessionKey::new([9; 32]);
        let later = SessionId { expires_at: id.expires_at + 1, ..id };
        assert_ne!(key.secret(&id), key.secret(&later));
    }
}
