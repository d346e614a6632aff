use keyfold_wire::MemberId;

use super::StorageError;
use crate::clock::{MINUTE, SECOND};

/// An account's latest turns for devices whose roster entries other devices' writes kept out: oldest first, and none that
/// counts for nothing any more when another begins.
///
/// Kept as `member (16) ‖ begun_at (8, Unix milliseconds, big-endian) ‖ flags (1: 1 to remove somebody, 2 over)` each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fences(Vec<Fence>);

/// One device's turn: for as long as it lasts, no other device writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fence {
    holder: MemberId,
    begun_at: u64,
    aim: Aim,
    is_over: bool,
}

/// Who wants to write, and what.
pub(crate) struct Asker<'a> {
    pub(crate) device: MemberId,
    pub(crate) aim: Aim,
    /// Whether it was in the account before this member, which may be in it no more.
    pub(crate) is_senior_to: &'a (dyn Fn(&MemberId) -> bool + Sync),
}

/// What a turn is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To remove somebody. It takes precedence over the other.
    Removal,
    /// Any other entry.
    Other,
}

impl Fences {
    /// How many milliseconds a write of this device must wait.
    pub(crate) fn wait(&self, asker: &Asker<'_>, now: u64) -> Option<u64> {
        let fence = self.standing(now)?;
        if fence.holder == asker.device || fence.gives_way_to(asker) {
            return None;
        }
        Some(LASTS.saturating_sub(now.abs_diff(fence.begun_at)))
    }

    /// The fences with one more, for this device; `None` where it has one, or had its share.
    pub(crate) fn with(&self, asker: &Asker<'_>, now: u64) -> Option<Self> {
        if self.standing(now).is_some_and(|fence| !fence.gives_way_to(asker)) {
            return None;
        }
        let mut recent: Vec<Fence> = self.0.iter().copied().filter(|fence| fence.is_within(RATION, now)).collect();
        // Of removals each device has its own share: others' must not use up that of who would remove them.
        let others = recent.iter().filter(|fence| fence.aim == Aim::Other).count();
        let is_used_up = asker.aim == Aim::Other && others >= OF_AN_ACCOUNT;
        if is_used_up || recent.iter().any(|fence| fence.holder == asker.device) {
            return None;
        }
        recent.push(Fence { holder: asker.device, begun_at: now, aim: asker.aim, is_over: false });
        Some(Self(recent))
    }

    /// The fences once this device has written what it had one for; `None` where it has none.
    pub(crate) fn ended_by(&self, device: &MemberId, now: u64) -> Option<Self> {
        self.standing(now).filter(|fence| fence.holder == *device)?;
        let mut fences = self.clone();
        if let Some(last) = fences.0.last_mut() {
            last.is_over = true;
        }
        Some(fences)
    }

    /// As they are kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * LEN);
        for fence in &self.0 {
            let removal = if fence.aim == Aim::Removal { REMOVAL } else { 0 };
            let over = if fence.is_over { OVER } else { 0 };
            bytes.extend_from_slice(fence.holder.as_bytes());
            bytes.extend_from_slice(&fence.begun_at.to_be_bytes());
            bytes.push(removal | over);
        }
        bytes
    }

    fn standing(&self, now: u64) -> Option<&Fence> {
        self.0.last().filter(|fence| !fence.is_over && fence.is_within(LASTS, now))
    }
}

impl Fence {
    /// A clock that was set back does not make it last longer.
    const fn is_within(&self, time: u64, now: u64) -> bool {
        now.abs_diff(self.begun_at) < time
    }

    /// Of two that would remove each other, whoever was there first.
    fn gives_way_to(&self, asker: &Asker<'_>) -> bool {
        asker.aim == Aim::Removal && (self.aim == Aim::Other || (asker.is_senior_to)(&self.holder))
    }
}

impl TryFrom<&[u8]> for Fences {
    type Error = StorageError;

    fn try_from(bytes: &[u8]) -> Result<Self, StorageError> {
        let (fences, []) = bytes.as_chunks::<LEN>() else { return Err(DAMAGED) };
        fences.iter().map(Fence::try_from).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<&[u8; LEN]> for Fence {
    type Error = StorageError;

    fn try_from(bytes: &[u8; LEN]) -> Result<Self, StorageError> {
        let (holder, rest) = bytes.split_at(16);
        let (begun_at, flags) = rest.split_at(8);
        let (Ok(holder), Ok(begun_at), [flags @ 0..=3]) = (MemberId::try_from(holder), begun_at.try_into(), flags)
        else {
            return Err(DAMAGED);
        };
        let aim = if flags & REMOVAL == 0 { Aim::Other } else { Aim::Removal };
        Ok(Self { holder, begun_at: u64::from_be_bytes(begun_at), aim, is_over: flags & OVER != 0 })
    }
}

const DAMAGED: StorageError = StorageError::Damaged("an account's fences are not of their form");
const LEN: usize = 25;
const REMOVAL: u8 = 1;
const OVER: u8 = 2;
/// How long a turn lasts.
const LASTS: u64 = 5 * SECOND;
/// Within this, a device gets one, and an account three for anything but removals.
const RATION: u64 = MINUTE;
const OF_AN_ACCOUNT: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: MemberId = MemberId::new([1; 16]);
    const BEN: MemberId = MemberId::new([2; 16]);
    const CAT: MemberId = MemberId::new([3; 16]);
    const NOW: u64 = 1_000_000;

    fn asks(device: MemberId, aim: Aim) -> Asker<'static> {
        Asker { device, aim, is_senior_to: &|_| false }
    }

    fn begun(device: MemberId, aim: Aim, now: u64) -> Fences {
        Fences::default().with(&asks(device, aim), now).unwrap()
    }

    #[test]
    fn for_five_seconds_only_its_holder_writes() {
        let fences = begun(ANA, Aim::Other, NOW);
        let (ana, ben) = (asks(ANA, Aim::Other), asks(BEN, Aim::Other));
        assert_eq!(fences.wait(&ana, NOW + 1_000), None);
        assert_eq!(fences.wait(&ben, NOW + 1_000), Some(4_000));
        assert_eq!(fences.wait(&ben, NOW + 5_000), None);
        assert_eq!(fences.wait(&ben, NOW - 5_000), None, "a clock that was set back");
        let over = fences.ended_by(&ANA, NOW + 1_000).unwrap();
        assert_eq!(over.wait(&ben, NOW + 1_000), None);
        assert_eq!(fences.ended_by(&BEN, NOW), None);
    }

    #[test]
    fn who_removes_somebody_does_not_wait_for_who_does_not() {
        let fences = begun(ANA, Aim::Other, NOW);
        let removes = asks(BEN, Aim::Removal);
        assert_eq!(fences.wait(&removes, NOW), None);
        let taken_over = fences.with(&removes, NOW).unwrap();
        assert_eq!(taken_over.wait(&asks(ANA, Aim::Other), NOW), Some(5_000));
        assert_eq!(taken_over.wait(&asks(ANA, Aim::Removal), NOW), Some(5_000), "of two removals the first");
        assert_eq!(taken_over.with(&asks(CAT, Aim::Removal), NOW), None);
    }

    #[test]
    fn of_two_that_remove_somebody_whoever_was_there_first_does_not_wait() {
        let fences = begun(BEN, Aim::Removal, NOW);
        let senior = Asker { is_senior_to: &|member| *member == BEN, ..asks(ANA, Aim::Removal) };
        assert_eq!(fences.wait(&senior, NOW), None);
        let taken_over = fences.with(&senior, NOW).unwrap();
        assert_eq!(taken_over.wait(&asks(BEN, Aim::Removal), NOW), Some(5_000));
        let renames = Asker { is_senior_to: &|member| *member == BEN, ..asks(ANA, Aim::Other) };
        assert_eq!(fences.wait(&renames, NOW), Some(5_000));
    }

    #[test]
    fn a_device_gets_one_a_minute_and_an_account_three_but_for_removals() {
        for (aim, account) in [(Aim::Other, 3), (Aim::Removal, 6)] {
            let mut fences = Fences::default();
            for place in 0..account {
                let device = MemberId::new([9 + place; 16]);
                let at = NOW + 5_000 * u64::from(place);
                fences = fences.with(&asks(device, aim), at).unwrap();
                assert_eq!(fences.with(&asks(device, aim), at + 59_999), None, "its own");
            }
            let next = fences.with(&asks(ANA, aim), NOW + 40_000);
            assert_eq!(next.is_some(), aim == Aim::Removal);
            assert!(fences.with(&asks(ANA, Aim::Other), NOW + 60_000).is_some());
        }
    }

    #[test]
    fn they_are_kept_as_they_are_and_nothing_else_is_taken_for_them() {
        let fences = begun(ANA, Aim::Other, NOW).with(&asks(BEN, Aim::Removal), NOW).unwrap();
        let fences = fences.ended_by(&BEN, NOW).unwrap();
        let bytes = fences.to_bytes();
        assert_eq!(Fences::try_from(bytes.as_slice()).unwrap(), fences);
        assert_eq!(Fences::try_from([].as_slice()).unwrap(), Fences::default());
        assert!(Fences::try_from(&bytes[1..]).is_err());
        let mut flags = bytes;
        flags[24] = 4;
        assert!(Fences::try_from(flags.as_slice()).is_err());
    }
}
