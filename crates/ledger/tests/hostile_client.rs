//! What a member, or somebody who was one, could send to an honest server: each is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use keyfold_crypto::{SigningKey, signing::SignatureError};
use keyfold_ledger::{AccountError, Commit, CommitError, RosterError};
use keyfold_wire::v1;
use world::{World, item};

/// The phone's honest next commit, changed and signed by whoever it says.
struct Attack {
    world: World,
    commit: v1::Commit,
    signer: SigningKey,
}

impl Attack {
    fn by(device: &str) -> Self {
        let mut world = World::of(&["laptop", "phone", "thief"]);
        world.write("laptop", "mail", "1");
        world.write("laptop", "mail", "2");
        world.rotate("laptop");
        world.remove("laptop", &["thief"]);
        let commit = world.commit(device, &[world.writes("mail", "3")]);
        let signer = world.person(device).signing;
        Self { world, commit, signer }
    }

    fn outcome(&self, change: impl FnOnce(&mut v1::Commit)) -> Result<(), AccountError> {
        let mut commit = self.commit.clone();
        change(&mut commit);
        let commit = Commit::parse(&self.signer.sign(&commit)).expect("well-formed");
        self.world.pushed(&commit).map(drop)
    }

    fn refused(&self, change: impl FnOnce(&mut v1::Commit)) -> AccountError {
        self.outcome(change).expect_err("an attack")
    }
}

#[test]
fn the_same_commit_without_an_attack_stands() {
    assert_eq!(Attack::by("phone").outcome(|_| {}), Ok(()));
}

#[test]
fn a_wrong_set_hash_hides_no_change() {
    let attack = Attack::by("phone");
    let of_nothing = attack.world.commits[1].clone();
    let of_nothing = <v1::Commit as prost::Message>::decode(of_nothing.signed().body.as_slice()).expect("decodes");
    let refused = attack.refused(|commit| commit.set_hash = of_nothing.set_hash);
    assert_eq!(refused, CommitError::SetHash.into());
}

#[test]
fn a_wrong_revision_takes_nothing_back_and_leaves_nothing_out() {
    let attack = Attack::by("phone");
    for named in [0, 1, 2, 4, u64::MAX] {
        let refused = attack.refused(|commit| commit.changes[0].revision = named);
        assert_eq!(refused, CommitError::Revision { named, next: 3 }.into());
    }
}

/// What is sealed under an old epoch's key can be read by who was removed since.
#[test]
fn a_stale_epoch_is_not_written_to() {
    let attack = Attack::by("phone");
    for named in [0, 1, 2, 4] {
        let refused = attack.refused(|commit| commit.epoch = named);
        assert_eq!(refused, CommitError::StaleEpoch { named, current: 3 }.into());
    }
}

#[test]
fn a_foreign_author_writes_nothing() {
    let stranger = Attack::by("stranger");
    let not_a_device = |id| CommitError::NotADevice(id).into();
    assert_eq!(stranger.refused(|_| {}), not_a_device(stranger.world.id("stranger")), "in its own name");
    let phone = stranger.world.id("phone").to_vec();
    let refused = stranger.refused(|commit| commit.author = phone);
    assert_eq!(refused, CommitError::Signature(SignatureError::Invalid).into(), "in the phone's name");
}

#[test]
fn a_revoked_author_writes_nothing() {
    let thief = Attack::by("thief");
    assert_eq!(thief.refused(|_| {}), CommitError::NotADevice(thief.world.id("thief")).into(), "in its own name");
    let phone = thief.world.id("phone").to_vec();
    let refused = thief.refused(|commit| commit.author = phone);
    assert_eq!(refused, CommitError::Signature(SignatureError::Invalid).into(), "in the phone's name");
}

/// Ana's phone is in two accounts; what it says in one it does not say in the other.
#[test]
fn what_is_said_in_another_account_is_not_said_here() {
    let (mut here, mut there) = (World::of(&["laptop", "phone"]), World::of(&["laptop", "phone"]));
    let (commit, entry) = (
        there.signed_commit("phone", &[there.writes("mail", "1")]),
        there.signed("phone", there.renaming("phone", "mine")),
    );
    assert!(there.pushed(&commit).is_ok() && there.account.append(&entry).is_ok());
    assert_eq!(here.pushed(&commit).map(drop), Err(CommitError::NotNext.into()));
    assert_eq!(here.account.append(&entry).map(drop), Err(RosterError::NotNext.into()));
    let other_vault = here.account.vault().push(there.account.roster(), &commit, &here.elements);
    assert_eq!(other_vault.map(drop), Err(CommitError::NotNext));

    // Nor with the places of this account: the digest is of that one's items.
    let mut moved = here.commit("phone", &[here.writes("mail", "1")]);
    moved.set_hash = there.commit("phone", &[there.writes("mail", "1")]).set_hash;
    let moved = Commit::parse(&here.person("phone").signing.sign(&moved)).expect("well-formed");
    assert_eq!(here.pushed(&moved).map(drop), Err(CommitError::SetHash.into()));
    here.write("phone", "mail", "1");
    there.write("phone", "mail", "1");
    assert_ne!(here.account.vault().head(), there.account.vault().head());
}

#[test]
fn a_replayed_commit_is_not_accepted_twice() {
    let attack = Attack::by("phone");
    for commit in &attack.world.commits {
        assert_eq!(attack.world.pushed(commit).map(drop), Err(CommitError::NotNext.into()));
    }
    for entry in &attack.world.entries {
        assert_eq!(attack.world.account.append(entry).map(drop), Err(RosterError::NotNext.into()));
    }
}

#[test]
fn a_time_in_the_past_is_refused_and_one_in_the_year_9999_does_not_go_back() {
    let attack = Attack::by("phone");
    let last = attack.world.account.vault().at();
    assert_eq!(attack.refused(|commit| commit.at = last - 1), CommitError::TimeGoesBack.into());
    assert_eq!(attack.refused(|commit| commit.at = 0), CommitError::TimeGoesBack.into());

    // Whether it is ahead of the server's clock is the server's to say; after it, time stands still.
    let mut world = attack.world.clone();
    world.now = 253_402_300_799_000;
    world.write("phone", "mail", "from the year 9999");
    world.now = world::START;
    world.write("laptop", "mail", "from today");
    assert_eq!(world.account.vault().at(), 253_402_300_799_000);
}

#[test]
fn an_item_named_twice_or_a_purge_of_nothing_does_not_upset_the_count() {
    let attack = Attack::by("phone");
    let twice = attack.world.commit("phone", &[attack.world.writes("mail", "3"), attack.world.writes("news", "1")]);
    let mut same = twice.clone();
    same.changes[1] = same.changes[0].clone();
    assert!(Commit::parse(&attack.signer.sign(&same)).is_err());
    let purge = attack.refused(|commit| {
        commit.changes[0].item = item("never there").to_vec();
        commit.changes[0].revision = 1;
        commit.changes[0].content = Some(v1::change::Content::Tombstone(true));
    });
    assert_eq!(purge, CommitError::Tombstone.into());
}
