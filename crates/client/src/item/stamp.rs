use keyfold_wire::{IdError, MemberId, v1};

/// A hybrid-logical-clock stamp. Compared as (ms, counter, device): the later edit of a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Unix milliseconds, by the clock of the device that edited or of an edit it had seen, whichever is later.
    pub ms: u64,
    /// Counts edits within one millisecond.
    pub counter: u32,
    /// The device that edited.
    pub device: MemberId,
}

impl Stamp {
    /// The stamp of an edit made at `now` by `device`, later than the stamp that the field has.
    #[must_use]
    pub fn after(previous: Option<Self>, now: u64, device: MemberId) -> Self {
        match previous {
            Some(previous) if previous.ms >= now => match previous.counter.checked_add(1) {
                Some(counter) => Self { ms: previous.ms, counter, device },
                None => Self { ms: previous.ms.saturating_add(1), counter: 0, device },
            },
            _ => Self { ms: now, counter: 0, device },
        }
    }

    /// How a stamp counts in a commit made at `at` by `author`: one from the future is read as (`at`, 0, `author`), so
    /// that no clock can win every later edit.
    #[must_use]
    pub fn read_at(self, at: u64, author: MemberId) -> Self {
        if self.ms > at { Self { ms: at, counter: 0, device: author } } else { self }
    }

    pub(crate) fn to_wire(self) -> v1::Stamp {
        v1::Stamp { ms: self.ms, counter: self.counter, device: self.device.to_vec() }
    }

    pub(crate) fn from_wire(stamp: &v1::Stamp) -> Result<Self, IdError> {
        Ok(Self { ms: stamp.ms, counter: stamp.counter, device: MemberId::try_from(stamp.device.as_slice())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: MemberId = MemberId::new([1; 16]);
    const BEN: MemberId = MemberId::new([2; 16]);

    #[test]
    fn an_edit_made_after_another_is_later_even_when_the_clock_is_behind() {
        let first = Stamp::after(None, 1_000, ANA);
        let second = Stamp::after(Some(first), 400, BEN);
        assert!(second > first);
        assert_eq!(second, Stamp { ms: 1_000, counter: 1, device: BEN });
    }

    #[test]
    fn a_counter_that_is_full_moves_the_clock() {
        let full = Stamp { ms: 7, counter: u32::MAX, device: BEN };
        assert_eq!(Stamp::after(Some(full), 7, ANA), Stamp { ms: 8, counter: 0, device: ANA });
    }

    #[test]
    fn a_stamp_of_the_year_9999_counts_as_its_commits_time() {
        let stamp = Stamp { ms: 253_402_300_799_000, counter: 9, device: ANA };
        assert_eq!(stamp.read_at(1_000, BEN), Stamp { ms: 1_000, counter: 0, device: BEN });
        let honest = Stamp { ms: 1_000, counter: 9, device: ANA };
        assert_eq!(honest.read_at(1_000, BEN), honest);
    }
}
