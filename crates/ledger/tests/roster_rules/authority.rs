use keyfold_crypto::signing::SignatureError;
use keyfold_ledger::RosterError;
use keyfold_wire::v1::roster_entry::Body;

use crate::{
    approve, remove, rename, rotate,
    world::{Case, Entries, HOUR, World, case},
};

pub(crate) fn cases() -> Vec<Case<RosterError>> {
    let mut world = World::of(&["laptop", "tablet", "tpm"]);
    let renaming = |world: &World, by: &str| Entries::of(world, by, rename(world)).outcome();
    let stands = renaming(&world, "tablet");
    let stranger = renaming(&world, "stranger");
    world.remove("laptop", &["tablet"]);
    let mut cases = vec![
        case("a stranger says nothing", stands, stranger, not_a_member(&world, "stranger")),
        case("who was removed says nothing", stands, renaming(&world, "tablet"), not_a_member(&world, "tablet")),
    ];
    for (by, other) in [("laptop", "tpm"), ("tpm", "laptop")] {
        let renaming = Entries::of(&world, by, rename(&world));
        let forged = renaming.signed_by(other).outcome();
        let error = RosterError::Signature(SignatureError::Invalid);
        cases.push(case("an entry is signed by its author", renaming.outcome(), forged, error));
    }
    cases.extend(of_a_recovery_member());
    cases.extend(of_a_device());
    cases
}

/// It may author only RecoveryBegin and the AddDevice of its own recovery.
fn of_a_recovery_member() -> Vec<Case<RosterError>> {
    let mut world = World::of(&["laptop", "tablet"]);
    world.set_up_recovery("laptop", "code", HOUR);
    let bodies = [
        ("rename", rename(&world)),
        ("rotate", rotate(&world)),
        ("remove", remove(&world, &["tablet"])),
        ("join a tenant", Body::JoinTenant(keyfold_wire::v1::JoinTenant { tenant: vec![1; 16], name: "Firm".into() })),
    ];
    let mut cases = Vec::new();
    for (rule, body) in bodies {
        let by_a_device = Entries::of(&world, "laptop", body.clone()).outcome();
        cases.push(case(rule, by_a_device, Entries::of(&world, "code", body).outcome(), RosterError::NotAllowed));
    }

    let mut transcript = world.transcript("code", "phone");
    let by_the_code = Entries::of(&world, "code", Body::AddDevice(world.approval("phone", &transcript))).outcome();
    transcript.approver = world.id("laptop").to_vec();
    let by_a_device = Entries::of(&world, "laptop", approve(&world, |_| {})).outcome();
    cases.push(case("a recovery code approves no enrolment", by_a_device, by_the_code, RosterError::NotAllowed));

    let begin = world.begin_recovery("code", "phone");
    world.wait(HOUR);
    let cancel = Body::RecoveryCancel(keyfold_wire::v1::RecoveryCancel { begin: begin.to_vec() });
    cases.push(case(
        "a recovery is cancelled by a device",
        Entries::of(&world, "laptop", cancel.clone()).outcome(),
        Entries::of(&world, "code", cancel).outcome(),
        RosterError::NotAllowed,
    ));
    let end = Body::AddDevice(world.recovery_end("phone", &begin));
    cases.push(case(
        "a recovery is ended by the code that began it",
        Entries::of(&world, "code", end.clone()).outcome(),
        Entries::of(&world, "laptop", end).outcome(),
        RosterError::NotAllowed,
    ));
    cases
}

/// It may author everything but Genesis and a recovery of its own.
fn of_a_device() -> Vec<Case<RosterError>> {
    let mut world = World::of(&["laptop"]);
    world.set_up_recovery("laptop", "code", HOUR);
    let begin = Body::RecoveryBegin(world.recovery_begin("phone"));
    let Some(genesis) = genesis_again(&world) else { return Vec::new() };
    let stands = Entries::of(&world, "laptop", rename(&world)).outcome();
    vec![
        case(
            "a recovery is begun by a recovery code",
            Entries::of(&world, "code", begin.clone()).outcome(),
            Entries::of(&world, "laptop", begin).outcome(),
            RosterError::NotAllowed,
        ),
        case(
            "an account begins once",
            stands,
            Entries::of(&world, "laptop", genesis).outcome(),
            RosterError::NotAllowed,
        ),
    ]
}

fn genesis_again(world: &World) -> Option<Body> {
    use keyfold_wire::v1::RosterEntry;
    use prost::Message;
    RosterEntry::decode(world.entries[0].signed().body.as_slice()).expect("decodes").body
}

fn not_a_member(world: &World, name: &str) -> RosterError {
    RosterError::NotAMember(world.id(name))
}
