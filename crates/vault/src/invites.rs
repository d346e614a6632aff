use std::{fmt, str::FromStr, sync::Arc};

use data_encoding::BASE32_NOPAD;
use keyfold_crypto::{Namespace, hash, random};

use crate::{
    Clock,
    clock::DAY,
    storage::{InviteHash, InviteRow, Storage, StorageError},
};

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUp {
    /// Everyone.
    Open,
    /// Who holds an invite.
    Invite,
    /// Nobody.
    Closed,
}

/// What an operator hands to one person: 26 letters and digits. Prints as such; `Debug` prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite([u8; 16]);

/// A text is not an invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invite has 26 letters and digits")]
pub struct NotAnInvite;

/// Makes and lists invites.
pub struct Invites {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
}

impl Invites {
    /// Invites in this storage.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock }
    }

    /// Makes an invite for one account, good for `days`. Only its hash is stored: it is shown this once.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn create(&self, days: u16) -> Result<Invite, StorageError> {
        let invite = Invite(random::bytes(&mut random::system()));
        let now = self.clock.now();
        let expires_at = now.saturating_add(u64::from(days).saturating_mul(DAY));
        self.storage.add_invite(invite.hash(), now, expires_at).await?;
        Ok(invite)
    }

    /// The latest invites, the newest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn list(&self) -> Result<Vec<InviteRow>, StorageError> {
        self.storage.invites(LISTED).await
    }
}

impl Invite {
    /// What is stored of it.
    pub(crate) fn hash(&self) -> InviteHash {
        InviteHash(hash(Namespace::Invite, &self.0))
    }
}

impl FromStr for Invite {
    type Err = NotAnInvite;

    fn from_str(text: &str) -> Result<Self, NotAnInvite> {
        let bytes = BASE32_NOPAD.decode(text.trim().to_ascii_uppercase().as_bytes()).map_err(|_| NotAnInvite)?;
        bytes.try_into().map(Self).map_err(|_| NotAnInvite)
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invite(..)")
    }
}

const LISTED: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_reads_back_and_debug_tells_nothing() {
        let invite = Invite([9; 16]);
        assert_eq!(invite.to_string().parse(), Ok(invite.clone()));
        assert_eq!(format!("{invite:?}"), "Invite(..)");
        assert_eq!("short".parse::<Invite>(), Err(NotAnInvite));
    }
}
