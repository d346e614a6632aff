use keyfold_crypto::{MemberKeys, random};
use keyfold_ledger::author;
use keyfold_wire::{
    MemberId,
    v1::{self, ProblemCode, roster_entry::Body},
};

use super::{AppendError, EntryKeys, SyncEngine, SyncError, append};
use crate::{api::ApiError, storage::Step, vault::Held};

/// Why devices are not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// No device removes itself.
    #[error("a device cannot remove itself; do it on another device, or wipe this one with `keyfold wipe`")]
    OwnDevice,
    /// An answer was lost.
    #[error("whether the devices were removed is not known: run the command again, which removes nobody twice ({0})")]
    Unknown(SyncError),
    /// The entry did not get into the roster.
    #[error(transparent)]
    Append(AppendError),
}

impl From<AppendError> for RemoveError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Sync(error @ SyncError::Api(ApiError::Transport(_) | ApiError::BadAnswer(_))) => {
                Self::Unknown(error)
            }
            error => Self::Append(error),
        }
    }
}

impl SyncEngine {
    /// Begins a new epoch: draws its key and seals it to every member, so that each has one again. A key is drawn anew for
    /// every attempt. What is there is encrypted anew by the syncs that follow.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn rotate(&self) -> Result<(), AppendError> {
        let attempt = async |step: &Step, held: Held| {
            let (rotate, keys) = self.next_epoch(&held, &[], None)?;
            let entry = self.sign_entry(&held, Body::Rotate(rotate))?;
            self.append(step, &held, entry, keys).await
        };
        self.while_the_roster_moves(attempt).await
    }

    /// Removes devices from the account, all in one entry, which begins an epoch whose key they are not given: whatever is
    /// written from here on they cannot read. Those that somebody has removed already are left out.
    ///
    /// # Errors
    /// [`RemoveError`]. If an answer was lost, the next sync sends the same entry again, unless somebody has written meanwhile:
    /// then it can stand no more, and is given up.
    pub async fn remove_devices(&self, devices: &[MemberId]) -> Result<(), RemoveError> {
        if devices.contains(&self.vault.keys().id()) {
            return Err(RemoveError::OwnDevice);
        }
        let attempt = async |step: &Step, held: Held| {
            let mut members = Vec::new();
            for device in devices {
                match held.roster.device(device) {
                    Some(_) => members.push(*device),
                    None if held.roster.removed().contains_key(device) => {}
                    None => return Err(AppendError::NoSuchDevice),
                }
            }
            members.sort_unstable();
            members.dedup();
            if members.is_empty() {
                return Ok(());
            }
            let (rotate, keys) = self.next_epoch(&held, &members, None)?;
            let members = members.iter().map(|member| member.to_vec()).collect();
            let body = Body::Remove(v1::Remove { members, rotation: Some(rotate), replacement: None });
            let entry = self.sign_entry(&held, body)?;
            self.append(step, &held, entry, keys).await
        };
        self.while_the_roster_moves::<AppendError>(attempt).await.map_err(RemoveError::from)
    }

    /// Ends a restored server's wait for offers, whatever other devices still have, by a rotation of this device, so that
    /// every member has a key. Nothing of it is kept to be sent later: the user agreed to it now.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn end_offers(&self) -> Result<(), AppendError> {
        let attempt = async |step: &Step, held: Held| {
            let (rotate, keys) = self.next_epoch(&held, &[], None)?;
            let entry = self.sign_entry(&held, Body::Rotate(rotate))?;
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

    /// A rotation for all members but those that go, and one that comes, with links to what of earlier epochs would else be out of
    /// reach.
    pub(super) fn next_epoch(
        &self,
        held: &Held,
        gone: &[MemberId],
        comes: Option<(MemberId, MemberKeys)>,
    ) -> Result<(v1::Rotate, EntryKeys), SyncError> {
        let keys = self.vault.epoch_keys(held);
        let earlier = keys.to_link().ok_or(SyncError::NoEpochKey)?;
        let roster = &held.roster;
        let stay = roster.members().iter().filter(|(id, _)| !gone.contains(id));
        let stay = stay.map(|(id, member)| (*id, member.keys.clone()));
        let mut members: Vec<(MemberId, MemberKeys)> = stay.chain(comes).collect();
        members.sort_unstable_by_key(|(id, _)| *id);
        let rotation = author::Rotation {
            account: roster.account(),
            prev: roster.head(),
            epoch: roster.epoch().number.saturating_add(1),
            earlier: &earlier,
        };
        let author::Rotated { rotate, sealed_keys, links, .. } = rotation.to(&members, &mut random::system());
        Ok((rotate, EntryKeys { sealed: sealed_keys, links }))
    }
}
