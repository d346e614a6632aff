use keyfold_crypto::random;
use keyfold_ledger::author;
use keyfold_wire::v1::roster_entry::Body;

use super::{
    AppendError, EntryKeys, SyncEngine, SyncError,
    engine::{MAX_RACES, jitter},
};
use crate::vault::Held;

impl SyncEngine {
    /// Begins a new epoch: draws its key and seals it to every member, so that each has one again. A key is drawn anew for
    /// every attempt.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn rotate(&self) -> Result<(), AppendError> {
        for race in 0..MAX_RACES {
            let step = self.storage().step().await?;
            self.check_condition().await?;
            self.pull(&step).await?;
            let held = self.held().await?;
            let (body, keys) = self.next_epoch(&held)?;
            let entry = self.sign_entry(&held, body)?;
            match self.append(&step, &held, entry, keys).await {
                Err(AppendError::RosterMoved) => {}
                done => return done,
            }
            drop(step);
            tokio::time::sleep(jitter(race)).await;
        }
        Err(SyncError::Busy.into())
    }

    /// A rotation that links the epoch before; where this device has no key of that one, every epoch of which it has.
    fn next_epoch(&self, held: &Held) -> Result<(Body, EntryKeys), SyncError> {
        let keys = self.vault.epoch_keys(held);
        let epoch = held.roster.epoch().number;
        let earlier: Vec<_> = match keys.current() {
            Some(current) => vec![current],
            None => keys.all().collect(),
        };
        if earlier.is_empty() {
            return Err(SyncError::NoEpochKey);
        }
        let latest = earlier.split_at(earlier.len().saturating_sub(keyfold_ledger::MAX_LINKS)).1;
        let members: Vec<_> = held.roster.members().iter().map(|(id, member)| (*id, member.keys.clone())).collect();
        let rotation = author::Rotation {
            account: held.roster.account(),
            prev: held.roster.head(),
            epoch: epoch.saturating_add(1),
            earlier: latest,
        };
        let author::Rotated { rotate, sealed_keys, links, .. } = rotation.to(&members, &mut random::system());
        Ok((Body::Rotate(rotate), EntryKeys { sealed: sealed_keys, links }))
    }
}
