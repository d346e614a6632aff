use std::collections::{BTreeMap, BTreeSet};

use keyfold_client::{
    ItemId,
    item::{Field, FieldTag, Fields, PURGED_AFTER},
};
use keyfold_crypto::{Hash, Namespace};

/// What devices wrote, told without chains, commits and merges: of each field the edit with the latest stamp stands, and none is
/// lost but what a device never sent before it was removed.
#[derive(Debug, Default)]
pub(crate) struct Record {
    edits: Vec<Edit>,
}

#[derive(Debug)]
struct Edit {
    item: ItemId,
    /// `None` for the making of a passkey.
    field: Option<(FieldTag, Field)>,
    by: usize,
    /// A commit that the server acknowledged holds it.
    is_sent: bool,
}

impl Record {
    pub(crate) fn made(&mut self, by: usize, item: ItemId) {
        self.edits.push(Edit { item, field: None, by, is_sent: false });
    }

    pub(crate) fn edited(&mut self, by: usize, item: ItemId, tag: FieldTag, field: Field) {
        self.edits.push(Edit { item, field: Some((tag, field)), by, is_sent: false });
    }

    /// Nothing of this device's waits any more.
    pub(crate) fn sent(&mut self, by: usize) {
        self.edits.iter_mut().filter(|edit| edit.by == by).for_each(|edit| edit.is_sent = true);
    }

    /// Holds that this is what comes of it at `now`, where `stay` are the devices that were never removed.
    pub(crate) fn comes_to(&self, held: &BTreeMap<ItemId, Fields>, stay: &BTreeSet<usize>, now: u64) {
        let items: BTreeSet<ItemId> = self.edits.iter().map(|edit| edit.item).collect();
        for item in items {
            let outcome = Outcome::of(self.edits.iter().filter(|edit| edit.item == item), stay);
            match held.get(&item) {
                Some(fields) => outcome.is(item, fields),
                // It was purged: for good, or before it was heard that somebody had restored it. Then it came back as another.
                None if !outcome.must_exist || outcome.may_be_purged(now) => {}
                None => assert!(came_back(held, item), "a passkey was lost: {item}"),
            }
        }
        for (item, fields) in held {
            assert!(self.knows(*item), "nobody made {item}");
            assert!(fields.iter().all(|(tag, field)| self.says(tag, field)), "nobody wrote what {item} says");
        }
    }

    /// Of these passkeys those that are known, in the order in which they were made.
    pub(crate) fn in_order(&self, held: &BTreeSet<ItemId>) -> Vec<ItemId> {
        let made = self.edits.iter().filter(|edit| edit.field.is_none()).map(|edit| edit.item);
        made.filter(|item| held.contains(item)).collect()
    }

    fn knows(&self, item: ItemId) -> bool {
        let mut known = self.edits.iter().map(|edit| edit.item);
        known.any(|known| successors(known).any(|successor| successor == item) || known == item)
    }

    fn says(&self, tag: FieldTag, field: &Field) -> bool {
        self.edits.iter().any(|edit| edit.field.as_ref().is_some_and(|(of, said)| *of == tag && said == field))
    }
}

/// What comes of the edits of one passkey.
#[derive(Default)]
struct Outcome<'a> {
    /// Somebody who stays made it, or sent it.
    must_exist: bool,
    /// What stands of the edits that must be there.
    must: BTreeMap<FieldTag, &'a Field>,
    /// Edits of which nobody knows whether they were sent.
    may: Vec<(FieldTag, &'a Field)>,
    /// Every time that somebody deleted it.
    deletions: Vec<&'a Field>,
}

impl<'a> Outcome<'a> {
    fn of(edits: impl Iterator<Item = &'a Edit>, stay: &BTreeSet<usize>) -> Self {
        let mut outcome = Self::default();
        for edit in edits {
            let must = edit.is_sent || stay.contains(&edit.by);
            let deletion = edit.field.as_ref().filter(|(tag, field)| *tag == FieldTag::Deleted && field.value == [1]);
            outcome.deletions.extend(deletion.map(|(_, field)| field));
            match &edit.field {
                None => outcome.must_exist |= must,
                Some((tag, field)) if must => {
                    let standing = outcome.must.entry(*tag).or_insert(field);
                    if standing.stamp < field.stamp {
                        *standing = field;
                    }
                }
                Some((tag, field)) => outcome.may.push((*tag, field)),
            }
        }
        outcome
    }

    fn is(&self, item: ItemId, fields: &Fields) {
        for (tag, field) in &self.must {
            let Some(held) = fields.field(*tag) else { panic!("{tag:?} of {item} was lost") };
            let is_later = held.stamp > field.stamp && self.may.iter().any(|(of, may)| of == tag && *may == held);
            assert!(held == *field || is_later, "{tag:?} of {item} is {held:?}, and was {field:?}");
        }
    }

    /// Whoever purges it may not have heard yet that somebody deleted it once more.
    fn may_be_purged(&self, now: u64) -> bool {
        let standing = self.must.get(&FieldTag::Deleted).copied();
        let may = self.may.iter().filter(|(tag, _)| *tag == FieldTag::Deleted).map(|(_, field)| *field);
        let is_deleted = standing.into_iter().chain(may).any(|field| field.value == [1]);
        is_deleted && self.deletions.iter().any(|field| field.stamp.ms + PURGED_AFTER <= now)
    }
}

fn came_back(held: &BTreeMap<ItemId, Fields>, item: ItemId) -> bool {
    successors(item).any(|successor| held.contains_key(&successor))
}

/// `H("restored-item", item)[..16]`, and of that, and so on.
fn successors(item: ItemId) -> impl Iterator<Item = ItemId> {
    let next = |item: &ItemId| {
        let hash = Hash::of(Namespace::RestoredItem, &[item.as_bytes()]);
        Some(ItemId::new(hash.as_bytes()[..16].try_into().unwrap()))
    };
    std::iter::successors(next(&item), next).take(4)
}
