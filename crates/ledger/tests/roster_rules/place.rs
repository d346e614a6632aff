use keyfold_ledger::{Roster, RosterError};
use keyfold_wire::v1::roster_entry::Body;

use crate::{
    rename, rotate,
    world::{Case, Entries, World, case},
};

pub(crate) fn cases() -> Vec<Case<RosterError>> {
    let world = World::of(&["laptop"]);
    let next = Entries::of(&world, "laptop", rename(&world));
    let changed = |rule, change: fn(&mut keyfold_wire::v1::RosterEntry), error| {
        case(rule, next.outcome(), next.with(change).outcome(), error)
    };
    let mut cases = vec![
        changed("no position is left out", |entry| entry.seq += 1, RosterError::NotNext),
        changed("no position is taken twice", |entry| entry.seq -= 1, RosterError::NotNext),
        changed("an entry follows the head", |entry| entry.prev[31] ^= 1, RosterError::NotNext),
        changed("time does not go back", |entry| entry.at -= 1, RosterError::TimeGoesBack),
    ];
    cases.extend(first_rotation());
    cases
}

/// Entry 1 rotates to epoch 1, before any commit.
fn first_rotation() -> Vec<Case<RosterError>> {
    let mut world = World::founded_by("laptop");
    let rotation = world.entries[1].clone();
    let genesis = Roster::genesis(&world.entries[0]).expect("a genesis");
    let unchanged = || genesis.append(&rotation).map(drop);
    world.account = keyfold_ledger::Account::from_verified(genesis.clone(), world.account.vault().clone());
    world.epoch_keys.clear();

    let first = Entries::of(&world, "laptop", rotate(&world));
    vec![
        case(
            "entry 1 rotates",
            unchanged(),
            Entries::of(&world, "laptop", rename(&world)).outcome(),
            RosterError::FirstRotation,
        ),
        case(
            "entry 1 stands before any commit",
            first.outcome(),
            first.with(|entry| entry.vault_head[0] ^= 1).outcome(),
            RosterError::FirstRotation,
        ),
        case(
            "entry 1 rotates the keys and removes nobody",
            first.outcome(),
            first
                .with(|entry| {
                    let Some(Body::Rotate(rotation)) = entry.body.take() else { return };
                    let members = vec![entry.author.clone()];
                    let remove = keyfold_wire::v1::Remove { members, rotation: Some(rotation), replacement: None };
                    entry.body = Some(Body::Remove(remove));
                })
                .outcome(),
            RosterError::FirstRotation,
        ),
    ]
}
