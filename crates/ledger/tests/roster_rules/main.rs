//! Every rule of the roster: an entry that stands, and the same with one thing changed, signed anew, which is refused for
//! just that reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../world/mod.rs"]
mod world;

mod authority;
mod genesis;
mod membership;
mod place;
mod recovery;
mod rotation;

use keyfold_ledger::RosterError;
use keyfold_wire::v1::{self, roster_entry::Body};
use world::{World, each_breaks_just_its_rule, every};

#[test]
fn every_rule_of_the_roster_refuses_what_breaks_just_it() {
    let cases = [
        genesis::cases(),
        place::cases(),
        authority::cases(),
        rotation::cases(),
        membership::joining(),
        membership::leaving(),
        membership::rest(),
        recovery::cases(),
    ];
    let every = every!(RosterError {
        NotGenesis,
        NotNext,
        TimeGoesBack,
        FirstRotation,
        NotAMember,
        NotAllowed,
        Signature,
        RecoveryUnfinished,
        WrongEpoch,
        WrongRecipients,
        WrongLinks,
        WrongTranscript,
        NotNew,
        TooManyDevices,
        NotThere,
        RemovesItself,
        NothingToReplace,
        RecoveryExists,
        WrongRecovery,
        TooEarly,
        Tenant,
        SameLogKey,
    });
    each_breaks_just_its_rule(cases.into_iter().flatten().collect(), every);
}

/// An entry that every device may author at any time.
fn rename(world: &World) -> Body {
    world.renaming("laptop", "Ana's laptop")
}

fn rotate(world: &World) -> Body {
    Body::Rotate(world.rotation(&world.members_without(&[])).rotate)
}

fn remove(world: &World, names: &[&str]) -> Body {
    Body::Remove(world.removal(names).0)
}

/// Lets the phone in, by the laptop, after a change of what the phone signs.
fn approve(world: &World, change: impl FnOnce(&mut v1::EnrolmentTranscript)) -> Body {
    let mut transcript = world.transcript("laptop", "phone");
    change(&mut transcript);
    Body::AddDevice(world.approval("phone", &transcript))
}
