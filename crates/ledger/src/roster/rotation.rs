use keyfold_crypto::Hash;

use super::{Roster, RosterError};
use crate::{Entry, Rotation};

/// An epoch as the roster knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// From 1; 0 before the first rotation.
    pub number: u64,
    /// The commitment to its key.
    pub commitment: Hash,
    /// The entry that began it.
    pub seq: u64,
}

impl Epoch {
    const NONE: Self = Self { number: 0, commitment: Hash::ZERO, seq: 0 };
}

impl Roster {
    /// The current epoch.
    #[must_use]
    pub fn epoch(&self) -> &Epoch {
        self.epochs.last().unwrap_or(const { &Epoch::NONE })
    }

    /// All epochs, from the first.
    #[must_use]
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// Takes a rotation into a state whose members are already those that stay.
    pub(super) fn rotate(&mut self, rotation: &Rotation, entry: &Entry) -> Result<(), RosterError> {
        let next = self.epoch().number.saturating_add(1);
        if rotation.epoch != next {
            return Err(RosterError::WrongEpoch { named: rotation.epoch, next });
        }
        // Both ascend without repetition: the one by how it was parsed, the other as a map does.
        if !rotation.sealed.iter().map(|(member, _)| member).eq(self.members.keys()) {
            return Err(RosterError::WrongRecipients);
        }
        let linked = match rotation.links.as_slice() {
            [] => next == 1,
            [(first, _), .., (last, _)] | [(first @ last, _)] => *first > 0 && *last < next,
        };
        if !linked {
            return Err(RosterError::WrongLinks);
        }
        self.epochs.push(Epoch { number: next, commitment: rotation.commitment, seq: entry.seq() });
        Ok(())
    }
}
