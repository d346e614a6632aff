use keyfold_crypto::{Hash, signing::SignatureError};
use keyfold_ledger::RosterError;
use keyfold_wire::v1::{self, RecoveryCancel, RecoveryTranscript, roster_entry::Body};

use crate::{
    rename, rotate,
    world::{Case, Entries, HOUR, World, case, recovery_transcript_of},
};

pub(crate) fn cases() -> Vec<Case<RosterError>> {
    let mut cases = before_it_begins();
    cases.extend(while_it_waits());
    cases.extend(after_it_ended());
    cases
}

fn before_it_begins() -> Vec<Case<RosterError>> {
    let mut world = World::of(&["laptop"]);
    let sets_up =
        |world: &World, code| Entries::of(world, "laptop", Body::AddRecovery(world.add_recovery(code, HOUR))).outcome();
    let set_up = sets_up(&world, "code");
    world.set_up_recovery("laptop", "code", HOUR);
    let second = sets_up(&world, "code two");
    world.remove("laptop", &["code"]);
    vec![
        case("there is one recovery code", set_up, second, RosterError::RecoveryExists),
        case("no removed code returns", sets_up(&world, "code two"), sets_up(&world, "code"), RosterError::NotNew),
    ]
}

fn while_it_waits() -> Vec<Case<RosterError>> {
    let mut world = World::of(&["laptop"]);
    world.set_up_recovery("laptop", "code", HOUR);
    let begins =
        |world: &World| Entries::of(world, "code", Body::RecoveryBegin(world.recovery_begin("phone"))).outcome();
    let cancels = |world: &World, begin: &Hash| {
        Entries::of(world, "laptop", Body::RecoveryCancel(RecoveryCancel { begin: begin.to_vec() })).outcome()
    };

    let (idle, first) = (world.clone(), begins(&world));
    let begin = world.begin_recovery("code", "phone");
    let end = ends(&world, world.recovery_end("phone", &begin)).with(|entry| entry.at += HOUR);
    let changed = |rule, change: fn(&mut RecoveryTranscript)| {
        let mut transcript = recovery_transcript_of(&world.recovery_end("phone", &begin));
        change(&mut transcript);
        let changed = ends(&world, world.recovered("phone", &transcript)).with(|entry| entry.at += HOUR);
        case(rule, end.outcome(), changed.outcome(), RosterError::WrongTranscript)
    };
    let another_device = ends(&world, world.recovery_end("watch", &begin)).with(|entry| entry.at += HOUR);
    let mut forged = world.recovery_end("phone", &begin);
    forged.signature = world.recovery_end("watch", &begin).signature;
    vec![
        case("one recovery at a time", first, begins(&world), RosterError::WrongRecovery),
        case(
            "what never began does not end",
            end.outcome(),
            ends(&idle, idle.recovery_end("phone", &begin)).outcome(),
            RosterError::WrongRecovery,
        ),
        case(
            "what never began is not cancelled",
            cancels(&world, &begin),
            cancels(&idle, &begin),
            RosterError::WrongRecovery,
        ),
        case(
            "a cancellation names its recovery",
            cancels(&world, &begin),
            cancels(&world, &Hash::new([1; 32])),
            RosterError::WrongRecovery,
        ),
        case("a recovery waits", end.outcome(), end.with(|entry| entry.at -= 1).outcome(), RosterError::TooEarly),
        case("the device that was named joins", end.outcome(), another_device.outcome(), RosterError::WrongTranscript),
        changed("the device joins this account", |transcript| transcript.account[0] ^= 1),
        changed("the device joins by this recovery", |transcript| transcript.begin[0] ^= 1),
        case(
            "the device signed itself",
            end.outcome(),
            ends(&world, forged).with(|entry| entry.at += HOUR).outcome(),
            RosterError::Signature(SignatureError::Invalid),
        ),
    ]
}

/// The recovered device owes a replacement of the code first.
fn after_it_ended() -> Vec<Case<RosterError>> {
    let mut world = World::of(&["laptop"]);
    world.set_up_recovery("laptop", "code", 0);
    let begin = world.begin_recovery("code", "phone");
    world.end_recovery("code", "phone", &begin);
    let begins_again = Entries::of(&world, "code", Body::RecoveryBegin(world.recovery_begin("watch"))).outcome();

    let owed = Body::Remove(world.replacement(&["code"], "code two").0);
    let stands = Entries::of(&world, "phone", owed).outcome();
    let without_replacement = Body::Remove(world.removal(&["code"]).0);
    let of_another = Body::Remove(world.removal(&["laptop"]).0);
    let unfinished =
        |rule, body| case(rule, stands, Entries::of(&world, "phone", body).outcome(), RosterError::RecoveryUnfinished);
    let mut cases = vec![
        unfinished("a name can wait", rename(&world)),
        unfinished("a rotation can wait", rotate(&world)),
        unfinished("the used code is not just removed", without_replacement),
        unfinished("other removals can wait", of_another),
    ];
    let mut fresh = World::of(&["laptop"]);
    fresh.set_up_recovery("laptop", "code", 0);
    let begins = Entries::of(&fresh, "code", Body::RecoveryBegin(fresh.recovery_begin("phone"))).outcome();
    cases.push(case("a used code begins nothing", begins, begins_again, RosterError::WrongRecovery));
    cases
}

fn ends(world: &World, end: v1::AddDevice) -> Entries<'_> {
    Entries::of(world, "code", Body::AddDevice(end))
}
