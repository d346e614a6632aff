use keyfold_crypto::{Hash, Namespace, hash};
use keyfold_ledger::{Account, AccountError, Change, Commit, Content, Element};
use keyfold_wire::{ItemId, v1};

use super::World;

/// An item by its name.
pub(crate) fn item(name: &str) -> ItemId {
    ItemId::new(hash(Namespace::Invite, name.as_bytes()).first_16())
}

/// The hash of an envelope that says this.
pub(crate) fn envelope(text: &str) -> Hash {
    hash(Namespace::Envelope, text.as_bytes())
}

/// What honest devices write.
impl World {
    /// An edit of an item, or its first revision.
    pub(crate) fn writes(&self, name: &str, text: &str) -> Change {
        self.change(name, Content::Envelope(envelope(text)))
    }

    /// The purge of an item.
    pub(crate) fn purges(&self, name: &str) -> Change {
        self.change(name, Content::Tombstone)
    }

    fn change(&self, name: &str, content: Content) -> Change {
        let revision = self.elements.get(&item(name)).map_or(1, |element| element.revision + 1);
        Change { item: item(name), revision, content }
    }

    /// The next commit, to be changed or signed.
    pub(crate) fn commit(&self, by: &str, changes: &[Change]) -> v1::Commit {
        let mut changes = changes.to_vec();
        changes.sort_by_key(|change| change.item);
        let (roster, vault) = (self.account.roster(), self.account.vault());
        vault.draft(roster, self.id(by), self.now, &changes, &self.elements).expect("an honest commit can be drafted")
    }

    pub(crate) fn signed_commit(&self, by: &str, changes: &[Change]) -> Commit {
        Commit::parse(&self.person(by).signing.sign(&self.commit(by, changes))).expect("well-formed")
    }

    /// What this account would be after a commit that was made elsewhere.
    pub(crate) fn pushed(&self, commit: &Commit) -> Result<(Account, Vec<Element>), AccountError> {
        self.account.push(commit, &self.elements)
    }

    /// Pushes a commit that must stand; gives its hash.
    pub(crate) fn push(&mut self, by: &str, changes: &[Change]) -> Hash {
        let commit = self.signed_commit(by, changes);
        let (account, written) = self.pushed(&commit).expect("an honest commit stands");
        self.account = account;
        self.elements.extend(written.into_iter().map(|element| (element.item, element)));
        self.commits.push(commit);
        self.account.vault().head()
    }

    /// One item, one commit.
    pub(crate) fn write(&mut self, by: &str, name: &str, text: &str) -> Hash {
        self.push(by, &[self.writes(name, text)])
    }

    pub(crate) fn purge(&mut self, by: &str, name: &str) -> Hash {
        self.push(by, &[self.purges(name)])
    }
}
