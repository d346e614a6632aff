use keyfold_crypto::signing::SignatureError;
use keyfold_ledger::{MAX_DEVICES, MAX_TENANTS, RosterError};
use keyfold_wire::v1::{self, roster_entry::Body};

use crate::{
    approve, remove,
    world::{Case, Entries, HOUR, World, case, log_key, other_log_key},
};

pub(crate) fn joining() -> Vec<Case<RosterError>> {
    let mut world = World::of(&["laptop", "tablet"]);
    let stands = || Entries::of(&world, "laptop", approve(&world, |_| {})).outcome();
    let wrong = |rule, change: &dyn Fn(&mut v1::EnrolmentTranscript)| {
        let changed = Entries::of(&world, "laptop", approve(&world, change)).outcome();
        case(rule, stands(), changed, RosterError::WrongTranscript)
    };
    let mut cases = vec![
        wrong("the device joins this account", &|transcript| transcript.account[0] ^= 1),
        wrong("the device saw this log key", &|transcript| transcript.log_key[0] ^= 1),
        wrong("the device saw this approver", &|transcript| transcript.approver = world.id("tablet").to_vec()),
        wrong("the device saw this roster", &|transcript| transcript.roster_head[0] ^= 1),
    ];

    let mut forged = world.approval("phone", &world.transcript("laptop", "phone"));
    forged.signature = world.approval("tablet", &world.transcript("laptop", "phone")).signature;
    cases.push(case(
        "the device signed itself",
        stands(),
        Entries::of(&world, "laptop", Body::AddDevice(forged)).outcome(),
        RosterError::Signature(SignatureError::Invalid),
    ));

    let before = stands();
    world.enrol("laptop", "phone");
    cases.push(case("no device is there twice", before, joins(&world, "phone"), RosterError::NotNew));
    cases.push(case("nor the first", joins(&world, "watch"), joins(&world, "laptop"), RosterError::NotNew));
    world.remove("laptop", &["phone"]);
    cases.push(case("no removed id returns", before, joins(&world, "phone"), RosterError::NotNew));

    while world.account.roster().devices().count() < MAX_DEVICES - 1 {
        let next = format!("device {}", world.account.roster().devices().count());
        world.enrol("laptop", &next);
    }
    let the_last = joins(&world, "watch");
    world.enrol("laptop", "watch");
    cases.push(case("64 devices are enough", the_last, joins(&world, "television"), RosterError::TooManyDevices));
    cases
}

pub(crate) fn leaving() -> Vec<Case<RosterError>> {
    let mut world = World::of(&["laptop", "phone", "tablet"]);
    let removal = |world: &World, by, names| Entries::of(world, by, remove(world, names)).outcome();
    let of_a_stranger = v1::Remove { members: vec![world.id("stranger").to_vec()], ..world.removal(&["phone"]).0 };
    let mut cases = vec![
        case(
            "only a member is removed",
            removal(&world, "laptop", &["phone"]),
            Entries::of(&world, "laptop", Body::Remove(of_a_stranger)).outcome(),
            RosterError::NotThere,
        ),
        case(
            "nobody removes itself",
            removal(&world, "laptop", &["phone"]),
            removal(&world, "phone", &["phone"]),
            RosterError::RemovesItself,
        ),
        case(
            "nor itself among others",
            removal(&world, "laptop", &["phone", "tablet"]),
            removal(&world, "phone", &["phone", "tablet"]),
            RosterError::RemovesItself,
        ),
    ];

    world.set_up_recovery("laptop", "code", HOUR);
    let replaced = Body::Remove(world.replacement(&["code"], "code two").0);
    let (mut of_a_device, _) = world.replacement(&["code"], "code two");
    of_a_device.members = vec![world.id("tablet").to_vec()];
    cases.push(case(
        "a recovery code takes the place of one",
        Entries::of(&world, "laptop", replaced).outcome(),
        Entries::of(&world, "laptop", Body::Remove(of_a_device)).outcome(),
        RosterError::NothingToReplace,
    ));

    let before = removal(&world, "laptop", &["tablet"]);
    let again = remove(&world, &["tablet"]);
    world.remove("laptop", &["tablet"]);
    cases.push(case(
        "nobody is removed twice",
        before,
        Entries::of(&world, "laptop", again).outcome(),
        RosterError::NotThere,
    ));
    cases
}

pub(crate) fn rest() -> Vec<Case<RosterError>> {
    let mut world = World::of(&["laptop"]);
    world.set_up_recovery("laptop", "code", HOUR);
    let named = |world: &World, whom| Entries::of(world, "laptop", world.renaming(whom, "Ana's")).outcome();
    let key = |key| Body::ReplaceLogKey(v1::ReplaceLogKey { log_key: key });
    let replaces = |body| Entries::of(&world, "laptop", body).outcome();
    let another = replaces(key(other_log_key().verifying_key().as_bytes().to_vec()));
    let same = replaces(key(log_key().verifying_key().as_bytes().to_vec()));
    let mut cases = vec![
        case("a stranger has no name", named(&world, "laptop"), named(&world, "stranger"), RosterError::NotThere),
        case("a recovery code has no name", named(&world, "laptop"), named(&world, "code"), RosterError::NotThere),
        case("a log key is replaced by another", another, same, RosterError::SameLogKey),
    ];

    let join = |number| Body::JoinTenant(v1::JoinTenant { tenant: vec![number; 16], name: "Firm".into() });
    let leave = |number| Body::LeaveTenant(v1::LeaveTenant { tenant: vec![number; 16] });
    let says = |world: &World, body| Entries::of(world, "laptop", body).outcome();
    let joined = says(&world, join(1));
    world.append("laptop", join(1));
    let left = says(&world, leave(1));
    cases.push(case("a tenant is joined once", joined, says(&world, join(1)), RosterError::Tenant));
    cases.push(case("only a tenant that was joined is left", left, says(&world, leave(2)), RosterError::Tenant));
    for number in (2..).take(MAX_TENANTS - 1) {
        world.append("laptop", join(number));
    }
    cases.push(case("eight tenants are enough", joined, says(&world, join(9)), RosterError::Tenant));
    cases
}

fn joins(world: &World, device: &str) -> Result<(), RosterError> {
    let transcript = world.transcript("laptop", device);
    Entries::of(world, "laptop", Body::AddDevice(world.approval(device, &transcript))).outcome()
}
