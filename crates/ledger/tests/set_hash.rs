//! The set hash says what is in a vault: whatever was done to it, and in whatever order, it is that of the items.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use std::collections::{BTreeMap, BTreeSet};

use keyfold_crypto::Hash;
use keyfold_ledger::{Element, SetState};
use keyfold_wire::{AccountId, ItemId};
use proptest::{collection::vec, prelude::*, sample::Index};
use world::{World, item};

/// Five commits of up to three of eight items: a new item is written; one that is there is edited or purged; one that was
/// purged is left alone.
fn commits() -> impl Strategy<Value = Vec<Vec<(u8, bool)>>> {
    vec(vec((0..8_u8, prop::bool::weighted(0.3)), 1..4), 1..6)
}

fn written(commits: &[Vec<(u8, bool)>]) -> World {
    let mut world = World::of(&["laptop"]);
    for (number, commit) in commits.iter().enumerate() {
        let commit: BTreeMap<u8, bool> = commit.iter().copied().collect();
        let changes: Vec<_> = commit
            .into_iter()
            .filter_map(|(name, purge)| {
                let name = format!("item {name}");
                match world.elements.get(&item(&name)) {
                    Some(element) if element.is_tombstone() => None,
                    Some(_) if purge => Some(world.purges(&name)),
                    _ => Some(world.writes(&name, &format!("{name} in commit {number}"))),
                }
            })
            .collect();
        if !changes.is_empty() {
            world.push("laptop", &changes);
        }
    }
    world
}

fn element() -> impl Strategy<Value = Element> {
    (any::<[u8; 16]>(), any::<u64>(), any::<Option<[u8; 32]>>()).prop_map(|(item, revision, envelope)| Element {
        item: ItemId::new(item),
        revision,
        envelope: envelope.map(Hash::new),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn after_any_writes_edits_and_purges_it_is_that_of_the_items_from_scratch(commits in commits()) {
        let world = written(&commits);
        let (vault, elements) = (world.account.vault(), &world.elements);
        let from_scratch = SetState::of(elements.values());
        prop_assert_eq!(&vault.parts().set, &from_scratch);
        prop_assert_eq!(vault.count(), elements.values().filter(|element| !element.is_tombstone()).count() as u64);
        let signed = world.commits.last().expect("a commit");
        let snapshot = keyfold_ledger::Vault::from_snapshot(vault.account(), &vault.head(), signed, elements);
        prop_assert_eq!(snapshot.as_ref(), Ok(vault), "which is what was signed");
    }

    #[test]
    fn it_does_not_depend_on_the_order(
        elements in vec(element(), 0..12),
        shuffled in vec(any::<Index>(), 12),
        gone in vec(element(), 0..4),
    ) {
        let mut other: Vec<&Element> = elements.iter().chain(&gone).collect();
        for (place, with) in shuffled.iter().enumerate().take(other.len()) {
            let with = with.index(other.len());
            other.swap(place, with);
        }
        let mut state = SetState::of(other);
        gone.iter().for_each(|element| state.subtract(element));
        prop_assert_eq!(state, SetState::of(&elements), "and not on what came and went");
    }

    #[test]
    fn it_reads_back_as_it_was_stored(elements in vec(element(), 0..4)) {
        let state = SetState::of(&elements);
        let bytes = state.to_bytes();
        prop_assert_eq!(bytes.len(), SetState::LEN);
        prop_assert_eq!(SetState::try_from(bytes.as_slice()), Ok(state));
        prop_assert!(SetState::try_from(&bytes[1..]).is_err());
    }

    #[test]
    fn another_set_has_another(elements in vec(element(), 1..6), which in any::<Index>(), with in element()) {
        let mut other = elements.clone();
        let which = which.index(other.len());
        let removed = other.remove(which);
        let account = AccountId::new([1; 16]);
        let digest = |elements: &[Element]| SetState::of(elements).digest(&account);
        let mut digests = BTreeSet::from([digest(&elements).to_vec(), digest(&other).to_vec()]);
        for changed in [
            with,
            Element { item: with.item, ..removed },
            Element { revision: removed.revision.wrapping_add(1), ..removed },
            Element { envelope: removed.envelope.map_or(Some(Hash::ZERO), |_| None), ..removed },
        ] {
            other.push(changed);
            digests.insert(digest(&other).to_vec());
            other.pop();
        }
        prop_assert_eq!(digests.len(), 6);
        prop_assert_ne!(digest(&elements), SetState::of(&elements).digest(&AccountId::new([2; 16])), "another account's");
    }
}

#[test]
fn the_empty_set_is_all_zero() {
    assert_eq!(SetState::empty().to_bytes(), vec![0; 2048]);
    assert_eq!(SetState::of(&[]), SetState::empty());
}

/// 65,536 times one element is no element: that is why each item is counted once, and a snapshot is a map.
#[test]
fn an_element_counts_modulo_65536() {
    let element = Element { item: item("mail"), revision: 1, envelope: None };
    let mut state = SetState::empty();
    (0..0xffff).for_each(|_| state.add(&element));
    assert_ne!(state, SetState::empty());
    state.add(&element);
    assert_eq!(state, SetState::empty());
}

#[test]
fn an_element_is_57_bytes() {
    let mut element = Element { item: item("mail"), revision: 0x0102, envelope: Some(Hash::new([9; 32])) };
    let expected = [item("mail").as_bytes().as_slice(), &[0, 0, 0, 0, 0, 0, 1, 2], &[9; 32], &[0]].concat();
    assert_eq!(element.bytes(), expected);
    element.envelope = None;
    assert_eq!(element.bytes(), [&expected[..24], &[0; 32], &[1]].concat());
    assert_eq!(Element::try_from(&element.to_wire()), Ok(element));
}

#[test]
fn an_element_from_the_server_is_of_its_form() {
    let wire = Element { item: item("mail"), revision: 1, envelope: Some(Hash::new([9; 32])) }.to_wire();
    let changed = |change: fn(&mut keyfold_wire::v1::Element)| {
        let mut wire = wire.clone();
        change(&mut wire);
        Element::try_from(&wire)
    };
    assert!(changed(|_| {}).is_ok());
    assert!(changed(|element| element.revision = 0).is_err(), "no revision");
    assert!(changed(|element| element.item.truncate(15)).is_err(), "no item");
    assert!(changed(|element| element.envelope_hash.truncate(31)).is_err(), "no hash");
    assert!(changed(|element| element.tombstone = true).is_err(), "a tombstone with an envelope");
}
