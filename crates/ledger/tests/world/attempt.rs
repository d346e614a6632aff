use keyfold_crypto::SigningKey;
use keyfold_ledger::{Commit, CommitError, RosterError, Vault};
use keyfold_wire::v1::{self, roster_entry::Body};

use super::{World, entries::signed};

/// A roster entry before it is signed, to be changed and offered to a world.
pub(crate) struct Entries<'a> {
    world: &'a World,
    entry: v1::RosterEntry,
    signer: SigningKey,
}

/// A commit before it is signed, to be changed and offered to a world.
pub(crate) struct Commits<'a> {
    world: &'a World,
    commit: v1::Commit,
    signer: SigningKey,
}

impl<'a> Entries<'a> {
    pub(crate) fn of(world: &'a World, by: &str, body: Body) -> Self {
        Self { world, entry: world.entry(by, body), signer: world.person(by).signing }
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut v1::RosterEntry)) -> Self {
        let mut entry = self.entry.clone();
        change(&mut entry);
        Self { world: self.world, entry, signer: again(&self.signer) }
    }

    pub(crate) fn signed_by(&self, name: &str) -> Self {
        Self { world: self.world, entry: self.entry.clone(), signer: self.world.person(name).signing }
    }

    pub(crate) fn outcome(&self) -> Result<(), RosterError> {
        self.world.account.roster().append(&signed(&self.signer, &self.entry)).map(drop)
    }
}

impl<'a> Commits<'a> {
    pub(crate) fn of(world: &'a World, by: &str, commit: v1::Commit) -> Self {
        Self { world, commit, signer: world.person(by).signing }
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut v1::Commit)) -> Self {
        let mut commit = self.commit.clone();
        change(&mut commit);
        Self { world: self.world, commit, signer: again(&self.signer) }
    }

    pub(crate) fn signed_by(&self, name: &str) -> Self {
        Self { world: self.world, commit: self.commit.clone(), signer: self.world.person(name).signing }
    }

    pub(crate) fn outcome(&self) -> Result<(), CommitError> {
        self.outcome_on(self.world.account.vault())
    }

    pub(crate) fn outcome_on(&self, vault: &Vault) -> Result<(), CommitError> {
        let commit = Commit::parse(&self.signer.sign(&self.commit)).expect("well-formed");
        vault.push(self.world.account.roster(), &commit, &self.world.elements).map(drop)
    }
}

/// The rotation of an entry, alone or within a removal.
pub(crate) fn rotation_in(entry: &mut v1::RosterEntry) -> &mut v1::Rotate {
    match &mut entry.body {
        Some(Body::Rotate(rotate)) => rotate,
        Some(Body::Remove(remove)) => remove.rotation.as_mut().expect("a removal rotates"),
        _ => panic!("no rotation"),
    }
}

fn again(key: &SigningKey) -> SigningKey {
    SigningKey::from_secret(key.algorithm(), key.expose()).expect("a key")
}
