//! Every rule of the vault chain: a commit that stands, and the same with one thing changed, signed anew, which is
//! refused for just that reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use keyfold_crypto::{Hash, signing::SignatureError};
use keyfold_ledger::{Account, Change, CommitError, EntryError, MAX_ITEMS, Roster, Vault, VaultParts, vault_zero};
use keyfold_wire::v1::{self, change::Content};
use world::{Case, Commits, HOUR, World, case, each_breaks_just_its_rule, envelope, every, item};

#[test]
fn every_rule_of_the_vault_refuses_what_breaks_just_it() {
    let cases = [place(), author(), changes(), outcome(), bounds(), snapshot()];
    let every = every!(CommitError {
        NotNext,
        WrongRoster,
        NotADevice,
        RecoveryUnfinished,
        Signature,
        StaleEpoch,
        TimeGoesBack,
        Revision,
        Tombstone,
        SetHash,
        Count,
        TooManyItems,
        Form,
        Snapshot,
    });
    each_breaks_just_its_rule(cases.into_iter().flatten().collect(), every);
}

/// Where a commit stands: after the vault's head, under the roster's.
fn place() -> Vec<Case<CommitError>> {
    let mut world = World::of(&["laptop", "phone"]);
    let first = Commits::of(&world, "phone", world.commit("phone", &[world.writes("mail", "1")]));
    let on_nothing = first.outcome();
    let not_on_nothing = first.with(|commit| commit.prev = Hash::ZERO.to_vec()).outcome();
    world.write("laptop", "mail", "1");
    world.rotate("laptop");
    let commit = Commits::of(&world, "phone", world.commit("phone", &[world.writes("mail", "2")]));
    let changed = |rule, change: &dyn Fn(&mut v1::Commit), error| {
        case(rule, commit.outcome(), commit.with(change).outcome(), error)
    };
    let earlier = world.entries[2].hash().to_vec();
    vec![
        case("commit 1 follows the vault's zero", on_nothing, not_on_nothing, CommitError::NotNext),
        changed("no position is left out", &|commit| commit.seq += 1, CommitError::NotNext),
        changed("no position is taken twice", &|commit| commit.seq -= 1, CommitError::NotNext),
        changed("a commit follows the head", &|commit| commit.prev[0] ^= 1, CommitError::NotNext),
        changed(
            "the roster in force governs",
            &|commit| commit.roster_head = earlier.clone(),
            CommitError::WrongRoster,
        ),
        changed(
            "a roster that is not there governs nothing",
            &|commit| commit.roster_head[0] ^= 1,
            CommitError::WrongRoster,
        ),
        changed("an old epoch is over", &|commit| commit.epoch = 1, CommitError::StaleEpoch { named: 1, current: 2 }),
        changed(
            "a later epoch has not begun",
            &|commit| commit.epoch = 3,
            CommitError::StaleEpoch { named: 3, current: 2 },
        ),
        changed("time does not go back", &|commit| commit.at -= 1, CommitError::TimeGoesBack),
        before_the_first_epoch(&world, commit.outcome()),
    ]
}

/// There is no key to seal anything under before entry 1.
fn before_the_first_epoch(world: &World, stands: Result<(), CommitError>) -> Case<CommitError> {
    let genesis = Roster::genesis(&world.entries[0]).expect("a genesis");
    let mut early = World::founded_by("laptop");
    early.account = Account::from_verified(genesis.clone(), Vault::empty(genesis.account()));
    let commit = Commits::of(&early, "laptop", early.commit("laptop", &[early.writes("mail", "1")]));
    let error = CommitError::StaleEpoch { named: 0, current: 0 };
    case("nothing is written before the first epoch", stands, commit.outcome(), error)
}

fn author() -> Vec<Case<CommitError>> {
    let mut world = World::of(&["laptop", "tpm", "tablet"]);
    let stands = writes(&world, "tablet").outcome();
    let a_stranger = writes(&world, "stranger").outcome();
    let not_a_device = |world: &World, name: &str| CommitError::NotADevice(world.id(name));
    let mut cases = vec![case("a stranger writes nothing", stands, a_stranger, not_a_device(&world, "stranger"))];
    for (by, other) in [("laptop", "tpm"), ("tpm", "laptop")] {
        let (stands, forged) = (writes(&world, by), writes(&world, by).signed_by(other).outcome());
        let error = CommitError::Signature(SignatureError::Invalid);
        cases.push(case("a commit is signed by its author", stands.outcome(), forged, error));
    }

    world.remove("laptop", &["tablet"]);
    let removed = writes(&world, "tablet").outcome();
    cases.push(case("who was removed writes nothing", stands, removed, not_a_device(&world, "tablet")));

    world.set_up_recovery("laptop", "code", HOUR);
    let the_code = writes(&world, "code").outcome();
    cases.push(case("a recovery code writes nothing", stands, the_code, not_a_device(&world, "code")));

    let begin = world.begin_recovery("code", "phone");
    world.wait(HOUR);
    world.end_recovery("code", "phone", &begin);
    let recovered = writes(&world, "phone").outcome();
    world.replace_recovery("phone", &["code"], "code two");
    let replaced = writes(&world, "phone").outcome();
    let rule = "a recovered device first replaces the code";
    cases.push(case(rule, replaced, recovered, CommitError::RecoveryUnfinished));
    cases
}

fn writes<'a>(world: &'a World, by: &str) -> Commits<'a> {
    Commits::of(world, by, world.commit(by, &[world.writes("mail", "1")]))
}

/// A revision follows the stored one; a purged item is gone for good.
fn changes() -> Vec<Case<CommitError>> {
    let mut world = World::of(&["laptop"]);
    world.push("laptop", &[world.writes("mail", "1"), world.writes("bank", "1"), world.writes("shop", "1")]);
    world.purge("laptop", "shop");
    let changed = |rule, to: Change, change: fn(&mut v1::Change), error| {
        let commit = Commits::of(&world, "laptop", world.commit("laptop", &[to]));
        case(rule, commit.outcome(), commit.with(|commit| change(&mut commit.changes[0])).outcome(), error)
    };
    let (edit, purge, new) = (world.writes("mail", "2"), world.purges("mail"), world.writes("news", "1"));
    let revision = |named, next| CommitError::Revision { named, next };
    vec![
        changed("no revision is left out", edit, |change| change.revision = 3, revision(3, 2)),
        changed("no revision comes twice", edit, |change| change.revision = 1, revision(1, 2)),
        changed("a purge is a revision too", purge, |change| change.revision = 1, revision(1, 2)),
        changed("an item begins with 1", new, |change| change.revision = 2, revision(2, 1)),
        changed("no item begins with 0", new, |change| change.revision = 0, revision(0, 1)),
        changed(
            "what was never there is not purged",
            new,
            |change| change.content = Some(Content::Tombstone(true)),
            CommitError::Tombstone,
        ),
        changed("what was purged does not return", new, |change| rewrite(change, "shop", 3), CommitError::Tombstone),
        changed("nor from the beginning", new, |change| rewrite(change, "shop", 1), CommitError::Tombstone),
    ]
}

fn rewrite(change: &mut v1::Change, name: &str, revision: u64) {
    (change.item, change.revision) = (item(name).to_vec(), revision);
}

/// The digest and the count are those of the items after the commit.
fn outcome() -> Vec<Case<CommitError>> {
    let mut world = World::of(&["laptop"]);
    world.push("laptop", &[world.writes("mail", "1"), world.writes("bank", "1")]);
    let before = world.commit("laptop", &[world.writes("mail", "2")]);
    let commits = [world.writes("mail", "3"), world.writes("news", "1"), world.purges("bank")]
        .map(|change| Commits::of(&world, "laptop", world.commit("laptop", &[change])));
    let mut cases = Vec::new();
    for commit in &commits {
        let changed = |rule, change: &dyn Fn(&mut v1::Commit), error| {
            case(rule, commit.outcome(), commit.with(change).outcome(), error)
        };
        cases.extend([
            changed("the set hash is that after the commit", &|commit| commit.set_hash[0] ^= 1, CommitError::SetHash),
            changed(
                "not that of other changes",
                &|commit| commit.set_hash = before.set_hash.clone(),
                CommitError::SetHash,
            ),
            changed("what changes is in the set hash", &other_envelope, CommitError::SetHash),
            changed("the count is that after the commit", &|commit| commit.count += 1, CommitError::Count),
            changed("nor less", &|commit| commit.count -= 1, CommitError::Count),
        ]);
    }
    cases
}

/// Another envelope, or for a purge another item.
fn other_envelope(commit: &mut v1::Commit) {
    match &mut commit.changes[0].content {
        Some(Content::EnvelopeHash(hash)) => hash[0] ^= 1,
        _ => commit.changes[0].item = item("mail").to_vec(),
    }
}

fn bounds() -> Vec<Case<CommitError>> {
    let world = World::of(&["laptop"]);
    let full = |count| {
        let parts = world.account.vault().parts().clone();
        Vault::from_parts(world.account.vault().account(), VaultParts { count, ..parts })
    };
    let commit = Commits::of(&world, "laptop", world.commit("laptop", &[world.writes("mail", "1")]));
    let with_count = |count| commit.with(|commit| commit.count = count + 1).outcome_on(&full(count));

    let draft = |changes: &[Change]| {
        let (roster, vault) = (world.account.roster(), world.account.vault());
        vault.draft(roster, world.id("laptop"), world.now, changes, &world.elements).map(drop)
    };
    let mut two = [world.writes("mail", "1"), world.writes("bank", "1")];
    two.sort_by_key(|change| change.item);
    let [first, second] = two;
    vec![
        case("200,000 items are enough", with_count(MAX_ITEMS - 1), with_count(MAX_ITEMS), CommitError::TooManyItems),
        case("changes ascend", draft(&[first, second]), draft(&[second, first]), CommitError::Form(EntryError::Order)),
        case("an item changes once", draft(&[first]), draft(&[first, first]), CommitError::Form(EntryError::Order)),
        case("a commit changes something", draft(&[first]), draft(&[]), CommitError::Form(EntryError::Order)),
    ]
}

/// A snapshot's elements are exactly those that its commit counts.
fn snapshot() -> Vec<Case<CommitError>> {
    let mut world = World::of(&["laptop"]);
    world.push("laptop", &[world.writes("mail", "1"), world.writes("bank", "1")]);
    world.purge("laptop", "bank");
    let commit = world.commits.last().expect("a commit");
    let account = world.account.roster().account();
    let taken = |change: &dyn Fn(&mut World)| {
        let mut copy = world.clone();
        change(&mut copy);
        Vault::from_snapshot(account, &commit.hash(), commit, &copy.elements).map(drop)
    };
    let changed = |rule, change: &dyn Fn(&mut World)| case(rule, taken(&|_| {}), taken(change), CommitError::Snapshot);
    let edited = |world: &mut World, name: &str, change: fn(&mut keyfold_ledger::Element)| {
        change(world.elements.get_mut(&item(name)).expect("an element"));
    };
    let of_another_commit = Vault::from_snapshot(account, &world.commits[0].hash(), commit, &world.elements).map(drop);
    vec![
        changed("nothing is missing", &|world| {
            world.elements.remove(&item("mail"));
        }),
        changed("no tombstone is missing", &|world| {
            world.elements.remove(&item("bank"));
        }),
        changed("nothing is added", &|world| {
            world.elements.insert(item("news"), element("news"));
        }),
        changed("nothing is of another revision", &|world| edited(world, "mail", |element| element.revision = 2)),
        changed("nothing is of another envelope", &|world| {
            edited(world, "mail", |element| element.envelope = Some(envelope("2")))
        }),
        changed("nothing purged is back", &|world| {
            edited(world, "bank", |element| element.envelope = Some(envelope("1")))
        }),
        changed("nothing is purged that was not", &|world| edited(world, "mail", |element| element.envelope = None)),
        changed("nothing lies under another item's id", &|world| {
            let element = world.elements.remove(&item("mail")).expect("an element");
            world.elements.insert(item("news"), element);
        }),
        case("the commit is the one that was named", taken(&|_| {}), of_another_commit, CommitError::NotNext),
    ]
}

fn element(name: &str) -> keyfold_ledger::Element {
    keyfold_ledger::Element { item: item(name), revision: 1, envelope: Some(envelope("1")) }
}

#[test]
fn an_account_knows_its_vaults_zero() {
    let world = World::of(&["laptop"]);
    assert_eq!(world.account.vault().head(), vault_zero(&world.account.roster().account()));
    assert_ne!(world.account.vault().head(), World::of(&["laptop"]).account.vault().head(), "another account's");
}
