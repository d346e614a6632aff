use keyfold_crypto::random;
use keyfold_ledger::author;
use keyfold_wire::v1::{ProblemCode, roster_entry::Body};

use super::{AppendError, EntryKeys, SyncEngine, SyncError, append};
use crate::{api::ApiError, storage::Step, vault::Held};

impl SyncEngine {
    /// Begins a new epoch: draws its key and seals it to every member, so that each has one again. A key is drawn anew for
    /// every attempt.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn rotate(&self) -> Result<(), AppendError> {
        let attempt = async |step: &Step, held: Held| {
            let (body, keys) = self.next_epoch(&held)?;
            let entry = self.sign_entry(&held, body)?;
            self.append(step, &held, entry, keys).await
        };
        self.while_the_roster_moves(attempt).await
    }

    /// Ends a restored server's wait for offers, whatever other devices still have, by a rotation of this device, so that
    /// every member has a key. Nothing of it is kept to be sent later: the user agreed to it now.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn end_offers(&self) -> Result<(), AppendError> {
        let attempt = async |step: &Step, held: Held| {
            let (body, keys) = self.next_epoch(&held)?;
            let entry = self.sign_entry(&held, body)?;
            let message = append::message(&entry, &keys);
            let accepted = match self.api.end_offers(&message).await {
                Ok(accepted) => Some(accepted),
                Err(error) if error.code() == Some(ProblemCode::HeadMoved) => None,
                // It is over, and the server has all that this device has: the pull before found it so.
                Err(error) if error.code() == Some(ProblemCode::NotBehind) => return Ok(()),
                // It may have ended all the same: a pull tells.
                Err(ApiError::Transport(_)) => Some(self.api.end_offers(&message).await?),
                Err(error) => return Err(error.into()),
            };
            self.stands(step, &held, &entry, &keys, accepted.as_ref()).await
        };
        self.while_the_roster_moves(attempt).await
    }

    /// A rotation that links the epoch before. A device that has no key of that one leaves the rotation to one that has: what
    /// was written in that epoch would else be out of others' reach.
    fn next_epoch(&self, held: &Held) -> Result<(Body, EntryKeys), SyncError> {
        let keys = self.vault.epoch_keys(held);
        let epoch = held.roster.epoch().number;
        let earlier = [keys.current().ok_or(SyncError::NoEpochKey)?];
        let members: Vec<_> = held.roster.members().iter().map(|(id, member)| (*id, member.keys.clone())).collect();
        let rotation = author::Rotation {
            account: held.roster.account(),
            prev: held.roster.head(),
            epoch: epoch.saturating_add(1),
            earlier: &earlier,
        };
        let author::Rotated { rotate, sealed_keys, links, .. } = rotation.to(&members, &mut random::system());
        Ok((Body::Rotate(rotate), EntryKeys { sealed: sealed_keys, links }))
    }
}
