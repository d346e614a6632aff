use std::collections::{BTreeMap, BTreeSet};

use keyfold_client::{
    ItemId, MemberId,
    item::{Field, FieldTag, Stamp},
};
use keyfold_tests::sdk::HOUR;

/// What must come of the edits of two devices, told without chains, commits and merges: of each field the edit with the
/// latest stamp stands, and a device sees its own edits and what was sent before it last synced.
#[derive(Debug, Default)]
pub(crate) struct Model {
    edits: Vec<Edit>,
}

#[derive(Debug)]
struct Edit {
    item: ItemId,
    /// `None` for the making of a passkey.
    field: Option<(FieldTag, Field)>,
    by: usize,
    sent: bool,
    seen: [bool; 2],
}

impl Model {
    pub(crate) fn made(&mut self, by: usize, item: ItemId) {
        self.keep(by, item, None);
    }

    /// An edit by the device `by`, known to the account as `id`, whose clock shows `now`.
    pub(crate) fn edited(&mut self, by: usize, id: MemberId, now: u64, item: ItemId, tag: FieldTag, value: &[u8]) {
        let stamp = match self.standing(by, item, tag).map(|field| field.stamp) {
            Some(before) if before.ms >= now => Stamp { ms: before.ms, counter: before.counter + 1, device: id },
            _ => Stamp { ms: now, counter: 0, device: id },
        };
        self.keep(by, item, Some((tag, Field { stamp, value: value.to_vec() })));
    }

    /// The device sent what it had, and took what was there. Uses alone wait until six hours of UTC are over.
    pub(crate) fn synced(&mut self, by: usize, now: u64) {
        let mut waiting = self.edits.iter().filter(|edit| edit.by == by && !edit.sent);
        let due = waiting.any(|edit| match &edit.field {
            Some((FieldTag::LastUsed, field)) => field.stamp.ms / (6 * HOUR) < now / (6 * HOUR),
            _ => true,
        });
        for edit in &mut self.edits {
            edit.sent |= due && edit.by == by;
            edit.seen[by] |= edit.sent;
        }
    }

    /// The passkeys that the device sees, deleted ones too.
    pub(crate) fn visible(&self, by: usize) -> Vec<ItemId> {
        let seen = self.edits.iter().filter(|edit| edit.seen[by]);
        seen.map(|edit| edit.item).collect::<BTreeSet<_>>().into_iter().collect()
    }

    pub(crate) fn is_deleted(&self, by: usize, item: ItemId) -> bool {
        self.standing(by, item, FieldTag::Deleted).is_some_and(|field| field.value == [1])
    }

    /// Every passkey with the fields that it has once both devices have seen everything.
    pub(crate) fn outcome(&self) -> BTreeMap<ItemId, BTreeMap<FieldTag, Field>> {
        let mut outcome: BTreeMap<ItemId, BTreeMap<FieldTag, Field>> = BTreeMap::new();
        for edit in &self.edits {
            let fields = outcome.entry(edit.item).or_default();
            if let Some((tag, field)) = &edit.field
                && fields.get(tag).is_none_or(|standing| standing.stamp < field.stamp)
            {
                fields.insert(*tag, field.clone());
            }
        }
        outcome
    }

    fn keep(&mut self, by: usize, item: ItemId, field: Option<(FieldTag, Field)>) {
        self.edits.push(Edit { item, field, by, sent: false, seen: [by == 0, by == 1] });
    }

    /// The field as the device sees it.
    fn standing(&self, by: usize, item: ItemId, tag: FieldTag) -> Option<&Field> {
        let seen = self.edits.iter().filter(|edit| edit.item == item && edit.seen[by]);
        let fields = seen.filter_map(|edit| edit.field.as_ref()).filter(|(of, _)| *of == tag).map(|(_, field)| field);
        fields.max_by_key(|field| field.stamp)
    }
}
