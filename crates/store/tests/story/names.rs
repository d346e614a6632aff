//! Ids, hashes and messages by name.

use keyfold_crypto::{Hash, Namespace, hash};
use keyfold_wire::{AccountId, EnrolmentId, ItemId, MemberId, v1::Signed};

pub(crate) const NOW: u64 = 1_800_000_000_000;
pub(crate) const MINUTE: u64 = 60 * 1000;
pub(crate) const DAY: u64 = 24 * 60 * MINUTE;

pub(crate) fn account(name: &str) -> AccountId {
    AccountId::new(named(name).first_16())
}

pub(crate) fn device(name: &str) -> MemberId {
    MemberId::new(named(name).first_16())
}

pub(crate) fn item(name: &str) -> ItemId {
    ItemId::new(named(name).first_16())
}

pub(crate) fn enrolment(name: &str) -> EnrolmentId {
    EnrolmentId::new(named(name).first_16())
}

pub(crate) fn named(name: &str) -> Hash {
    hash(Namespace::Envelope, name.as_bytes())
}

pub(crate) fn message(text: &str) -> Signed {
    Signed { body: text.as_bytes().to_vec(), signature: [named(text).to_vec(), named(text).to_vec()].concat() }
}
