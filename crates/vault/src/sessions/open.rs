use keyfold_crypto::{
    SUITE, Signable,
    exact::{self, Malformed},
    random,
    session::SessionId,
    signing::{self, SignatureError},
};
use keyfold_wire::{
    AccountId, IdError, MemberId,
    v1::{SessionOpen, SessionOpened, Signed},
};

use super::Sessions;
use crate::{
    clock::{MINUTE, SECOND},
    rosters::{AccountUnavailable, missing},
    storage::StorageError,
};

/// Why no session is opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenSessionError {
    /// Not the canonical form of a signed SessionOpen.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// An id or nonce of another length, or another suite.
    #[error("a field of the request is out of its range")]
    Field,
    /// Meant for another server.
    #[error("the request was signed for another server than {0}")]
    OtherServer(String),
    /// The device's clock is more than a minute off.
    #[error("the device's clock is more than a minute off: set it")]
    ClockSkew,
    /// There is no account to open a session in.
    #[error(transparent)]
    Account(#[from] AccountUnavailable),
    /// The device was removed from the account, by this entry. Nobody else is told: the request is signed with the keys
    /// that it had.
    #[error("this device is no longer active in the account")]
    Removed(Box<Signed>),
    /// Not signed by a device that the account has or had.
    #[error("the signature is not that of a device of the account")]
    Signature,
    /// This very request opened a session before.
    #[error("this request was used before: sign a new one")]
    Replayed,
    /// Nothing was written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Sessions {
    /// Opens a session for the device, or the recovery member, that signed the request. What a session is good for each service
    /// says.
    ///
    /// # Errors
    /// [`OpenSessionError`].
    pub async fn open(&self, signed: &Signed) -> Result<SessionOpened, OpenSessionError> {
        let request: SessionOpen = exact::decode(&signed.body, SessionOpen::MAX_LEN)?;
        let account = AccountId::try_from(request.account.as_slice())?;
        let device = MemberId::try_from(request.device.as_slice())?;
        let nonce: [u8; 16] = request.nonce.as_slice().try_into().map_err(|_| OpenSessionError::Field)?;
        if request.suite != SUITE {
            return Err(OpenSessionError::Field);
        }
        if request.server != self.public_url {
            return Err(OpenSessionError::OtherServer(self.public_url.clone()));
        }
        let now = self.clock.now();
        if now.abs_diff(request.at) > MINUTE {
            return Err(OpenSessionError::ClockSkew);
        }
        let (_, roster) = self.rosters.current(account).await?;
        // Who cannot sign as somebody who is or was a member is told nothing of the members.
        let key = roster.signing_key(&device).ok_or(OpenSessionError::Signature)?;
        signing::verify_bytes::<SessionOpen>(key, &signed.body, &signed.signature)?;
        if let Some(removed) = roster.removed().get(&device) {
            return Err(self.removed(account, removed.seq).await?);
        }
        // Only now, so that nobody but the device can fill the table.
        if !self.storage.use_nonce(account, nonce, request.at.saturating_add(NONCE_KEPT)).await? {
            return Err(OpenSessionError::Replayed);
        }
        self.opened(account, device, now)
    }

    /// What tells a device that it was removed: the entry that did it.
    async fn removed(&self, account: AccountId, seq: u64) -> Result<OpenSessionError, OpenSessionError> {
        match self.storage.entry(account, seq).await? {
            Some(row) => Ok(OpenSessionError::Removed(Box::new(row.entry))),
            None => Err(missing(self.storage.as_ref(), account, "a roster entry is missing").await.into()),
        }
    }

    fn opened(&self, account: AccountId, device: MemberId, now: u64) -> Result<SessionOpened, OpenSessionError> {
        let (kid, key) = self.keys.newest().ok_or(StorageError::Damaged("there is no session key"))?;
        let random = random::bytes(&mut random::system());
        let session = SessionId { kid, account, device, expires_at: now.saturating_add(LIFETIME), random };
        Ok(SessionOpened {
            session: session.to_string(),
            secret: key.secret(&session).expose().to_vec(),
            expires_at: session.expires_at,
        })
    }
}

impl From<IdError> for OpenSessionError {
    fn from(_: IdError) -> Self {
        Self::Field
    }
}

impl From<SignatureError> for OpenSessionError {
    fn from(_: SignatureError) -> Self {
        Self::Signature
    }
}

const LIFETIME: u64 = 10 * MINUTE;
/// Longer than a request's time would be accepted.
const NONCE_KEPT: u64 = MINUTE + 30 * SECOND;
