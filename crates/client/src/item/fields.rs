use std::collections::BTreeMap;

use keyfold_wire::{ItemId, MemberId};

use super::{Field, FieldTag, Stamp};

/// The editable half of an item: at most one field for each tag.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields(BTreeMap<FieldTag, Field>);

impl Fields {
    /// Takes the field in, if it stands against the one that is there.
    pub fn absorb(&mut self, tag: FieldTag, field: Field) {
        match self.0.get_mut(&tag) {
            Some(present) if field.precedence(present).is_le() => {}
            Some(present) => *present = field,
            None => {
                self.0.insert(tag, field);
            }
        }
    }

    /// Both sides' edits: of each field the later one. Commutative, associative and idempotent.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        for (tag, field) in other.0 {
            self.absorb(tag, field);
        }
        self
    }

    /// Sets a field at `now` by `device`, after whatever stands.
    pub fn set(&mut self, tag: FieldTag, value: Vec<u8>, now: u64, device: MemberId) {
        let stamp = Stamp::after(self.0.get(&tag).map(|field| field.stamp), now, device);
        self.0.insert(tag, Field { stamp, value });
    }

    /// The fields as they count in a commit made at `at` by `author` ([`Stamp::read_at`]). Where a snapshot does not tell
    /// the author, whoever made the edit stands for it.
    #[must_use]
    pub fn read_at(mut self, at: u64, author: Option<MemberId>) -> Self {
        for field in self.0.values_mut() {
            field.stamp = field.stamp.read_at(at, author.unwrap_or(field.stamp.device));
        }
        self
    }

    /// The field with this tag.
    #[must_use]
    pub fn field(&self, tag: FieldTag) -> Option<&Field> {
        self.0.get(&tag)
    }

    /// A text field's text; empty if it is absent.
    #[must_use]
    pub fn text(&self, tag: FieldTag) -> &str {
        self.field(tag).and_then(|field| std::str::from_utf8(&field.value).ok()).unwrap_or_default()
    }

    /// When the user deleted it, in Unix milliseconds; `None` if it is not deleted, or was restored.
    #[must_use]
    pub fn deleted_at(&self) -> Option<u64> {
        let field = self.field(FieldTag::Deleted)?;
        (field.value == [1]).then_some(field.stamp.ms)
    }

    /// Whether its relying party knows it no more.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.value(FieldTag::Hidden) == [1]
    }

    /// The field's value; empty if it is absent.
    #[must_use]
    pub fn value(&self, tag: FieldTag) -> &[u8] {
        self.field(tag).map(|field| field.value.as_slice()).unwrap_or_default()
    }

    /// When it last signed in, in Unix milliseconds.
    #[must_use]
    pub fn last_used(&self) -> Option<u64> {
        let value = &self.field(FieldTag::LastUsed)?.value;
        value.as_slice().try_into().ok().map(u64::from_be_bytes)
    }

    /// The items that it replaces once its site has named it without them.
    pub fn replaces(&self) -> impl Iterator<Item = ItemId> {
        let (ids, _) = self.value(FieldTag::Replaces).as_chunks();
        ids.iter().map(|id| ItemId::new(*id))
    }

    /// All fields, ascending by tag.
    pub fn iter(&self) -> impl Iterator<Item = (FieldTag, &Field)> {
        self.0.iter().map(|(tag, field)| (*tag, field))
    }

    /// Whether they say nothing but when it was used that the others do not say, and the other way round.
    #[must_use]
    pub fn say_the_same_as(&self, others: &Self) -> bool {
        let is_said = |(tag, _): &(FieldTag, &Field)| *tag != FieldTag::LastUsed;
        self.iter().filter(is_said).eq(others.iter().filter(is_said))
    }

    /// Whether no field is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn member() -> impl Strategy<Value = MemberId> {
        (0..3u8).prop_map(|byte| MemberId::new([byte; 16]))
    }

    // Few values of everything, so that ties are common.
    fn fields() -> impl Strategy<Value = Fields> {
        let tag = prop_oneof![Just(FieldTag::UserName), Just(FieldTag::Label), Just(FieldTag::RpName)];
        let edit = (tag, 0..3u64, 0..2u32, member(), 0..3u8);
        prop::collection::vec(edit, 0..6).prop_map(|edits| {
            let mut fields = Fields::default();
            for (tag, ms, counter, device, value) in edits {
                fields.absorb(tag, Field { stamp: Stamp { ms, counter, device }, value: vec![b'a' + value] });
            }
            fields
        })
    }

    proptest! {
        #[test]
        fn the_order_of_merging_does_not_matter(a in fields(), b in fields(), c in fields()) {
            prop_assert_eq!(a.clone().merge(b.clone()), b.clone().merge(a.clone()));
            prop_assert_eq!(a.clone().merge(b.clone()).merge(c.clone()), a.merge(b.merge(c)));
        }

        #[test]
        fn merging_twice_changes_nothing(a in fields(), b in fields()) {
            let merged = a.clone().merge(b.clone());
            prop_assert_eq!(merged.clone().merge(b), merged.clone());
            prop_assert_eq!(merged.clone().merge(a), merged);
        }

        #[test]
        fn no_edit_of_another_field_is_lost(a in fields(), b in fields()) {
            let merged = a.clone().merge(b.clone());
            for (tag, field) in a.iter() {
                let stands = merged.field(tag).unwrap();
                prop_assert!(stands == field || stands.precedence(field).is_gt());
                prop_assert!(b.field(tag).is_some() || stands == field);
            }
        }

        #[test]
        fn an_edit_stands_against_what_its_author_saw(mut a in fields(), now in 0..4u64, device in member()) {
            let seen = a.clone();
            a.set(FieldTag::Label, b"new".to_vec(), now, device);
            let merged = seen.merge(a.clone());
            prop_assert_eq!(merged.text(FieldTag::Label), "new");
        }
    }
}
