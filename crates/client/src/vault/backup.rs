//! WebAuthn's backup state (BS): the relying party is told 1 only if somebody else could restore the passkey.
//!
//! That is so if the server has acknowledged a revision of it, the newest of which is good (no fault, no tombstone: a
//! device that joins now is given that one and no other), and if the account has a member beside this device.
//!
//! A member counts from its entry in the roster on, not from its first own signature. Version 1 has no word for "I have
//! joined", and a device that only signs in may author nothing for a long time: to wait for it would say 0 where the truth
//! is 1. What the entry promises is enough: a new device keeps its keys durably before it opens its commitment, so an entry
//! never names keys that may be lost by a crash, and it carries the epoch key that everything else opens with. Whatever
//! interrupts the device, it goes on from there, and can do so without its approver (see [`crate::enrolment`]). A recovery
//! code is a member too: whoever holds it can restore.

use keyfold_ledger::Roster;

use crate::storage::StoredItem;

/// Whether the account has members beside the device that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    Absent,
    Present,
}

pub(super) fn others(roster: &Roster) -> Others {
    if roster.members().len() > 1 { Others::Present } else { Others::Absent }
}

/// Whether one of them could restore the item: what the vault counts is what is shown.
pub(super) fn is_backed_up(others: Others, stored: &StoredItem) -> bool {
    let newest = stored.shown.as_ref().is_some_and(|shown| shown.revision == stored.element.revision);
    others == Others::Present && newest && stored.fault.is_none() && !stored.element.is_tombstone()
}

#[cfg(test)]
mod tests {
    use keyfold_crypto::Hash;
    use keyfold_ledger::Element;
    use keyfold_wire::ItemId;

    use super::*;
    use crate::storage::{Fault, Shown};

    fn stored(newest: u64, shown: Option<u64>) -> StoredItem {
        let element = Element { item: ItemId::new([1; 16]), revision: newest, envelope: Some(Hash::ZERO) };
        let shown = shown.map(|revision| Shown { revision, author: None, envelope: Vec::new() });
        StoredItem { element, shown, fault: None }
    }

    fn faulty(stored: StoredItem) -> StoredItem {
        let fault = Fault { revision: stored.element.revision, author: None, reason: "not an envelope".to_owned() };
        StoredItem { fault: Some(fault), ..stored }
    }

    fn purged(mut stored: StoredItem) -> StoredItem {
        stored.element.envelope = None;
        stored
    }

    #[test]
    fn a_passkey_whose_newest_revision_is_good_is_backed_up_once_there_is_another_member() {
        assert!(is_backed_up(Others::Present, &stored(1, Some(1))));
        assert!(is_backed_up(Others::Present, &stored(7, Some(7))));
        assert!(!is_backed_up(Others::Absent, &stored(1, Some(1))), "nobody else can restore it");
    }

    #[test]
    fn one_that_only_this_device_still_shows_is_not() {
        assert!(!is_backed_up(Others::Present, &faulty(stored(2, Some(1)))), "a newer revision is quarantined");
        assert!(!is_backed_up(Others::Present, &faulty(purged(stored(2, Some(1))))), "a purge that was not justified");
        assert!(!is_backed_up(Others::Present, &purged(stored(2, Some(1)))), "a purge");
        assert!(!is_backed_up(Others::Present, &stored(2, Some(1))), "an older revision");
        assert!(!is_backed_up(Others::Present, &stored(2, None)), "nothing is shown");
    }
}
