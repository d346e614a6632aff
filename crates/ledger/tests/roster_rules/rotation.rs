use keyfold_ledger::RosterError;
use keyfold_wire::v1;

use crate::{
    remove, rotate,
    world::{Case, Entries, HOUR, World, case, rotation_in},
};

pub(crate) fn cases() -> Vec<Case<RosterError>> {
    let mut world = World::of(&["laptop", "phone", "tablet"]);
    world.set_up_recovery("laptop", "code", HOUR);
    let rotation = Entries::of(&world, "laptop", rotate(&world));
    let removal = Entries::of(&world, "laptop", remove(&world, &["tablet"]));
    let mut cases = Vec::new();
    for entry in [&rotation, &removal] {
        let changed = |rule, change: &dyn Fn(&mut v1::Rotate), error| {
            case(rule, entry.outcome(), entry.with(|entry| change(rotation_in(entry))).outcome(), error)
        };
        cases.extend([
            changed("no epoch is left out", &|rotate| rotate.epoch = 3, RosterError::WrongEpoch { named: 3, next: 2 }),
            changed("no epoch comes twice", &|rotate| rotate.epoch = 1, RosterError::WrongEpoch { named: 1, next: 2 }),
            changed("nobody is left out", &|rotate| drop(rotate.sealed.pop()), RosterError::WrongRecipients),
            changed("not even all", &|rotate| rotate.sealed.clear(), RosterError::WrongRecipients),
            changed("nobody comes in", &|rotate| seal_also_to(rotate, &[0xff; 16]), RosterError::WrongRecipients),
            changed(
                "nobody comes in for another",
                &|rotate| rotate.sealed[0].member[0] ^= 1,
                RosterError::WrongRecipients,
            ),
            changed("earlier epochs are linked", &|rotate| rotate.links.clear(), RosterError::WrongLinks),
            changed("no epoch is before the first", &|rotate| rotate.links[0].epoch = 0, RosterError::WrongLinks),
            changed("no epoch links itself", &|rotate| rotate.links[0].epoch = 2, RosterError::WrongLinks),
            changed("no epoch links a later one", &|rotate| link_also(rotate, 7), RosterError::WrongLinks),
        ]);
    }
    let (without, with) = (world.removal(&["tablet"]).0, world.rotation(&world.members_without(&[])).rotate);
    let to_all = v1::Remove { rotation: Some(with), ..without };
    cases.push(case(
        "who is removed gets no key",
        removal.outcome(),
        Entries::of(&world, "laptop", v1::roster_entry::Body::Remove(to_all)).outcome(),
        RosterError::WrongRecipients,
    ));
    cases
}

fn seal_also_to(rotate: &mut v1::Rotate, member: &[u8; 16]) {
    rotate.sealed.push(v1::SealedKeyHash { member: member.to_vec(), hash: vec![1; 32] });
    rotate.sealed.sort_by(|a, b| a.member.cmp(&b.member));
}

fn link_also(rotate: &mut v1::Rotate, epoch: u64) {
    rotate.links.push(v1::LinkHash { epoch, hash: vec![1; 32] });
}
