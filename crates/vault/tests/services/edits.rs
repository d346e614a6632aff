use keyfold_crypto::envelope::envelope_hash;
use keyfold_ledger::{Change, Commit, Content};
use keyfold_vault::chains::PushError;
use keyfold_wire::{
    ItemId,
    v1::{Accepted, Push},
};

use crate::{household::Household, server::Server};

/// What a commit does to one item.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Edit<'a> {
    /// Writes it, in an envelope of so many bytes.
    Write(&'a str, usize),
    Purge(&'a str),
}

/// An envelope of the smallest bucket, or a little more.
pub(crate) const SMALL: usize = 420;

impl Household {
    /// The laptop's next commit.
    pub(crate) fn commit(&self, edits: &[Edit<'_>]) -> Push {
        let mut edits: Vec<(Change, Option<Vec<u8>>)> = edits.iter().map(|edit| self.change(edit)).collect();
        edits.sort_by_key(|(change, _)| change.item);
        let (changes, envelopes): (Vec<Change>, Vec<Option<Vec<u8>>>) = edits.into_iter().unzip();
        let (roster, vault) = (self.account.roster(), self.account.vault());
        let author = self.laptop.keys().id();
        let commit = vault.draft(roster, author, self.now, &changes, &self.elements).unwrap();
        let envelopes = envelopes.into_iter().flatten().collect();
        Push { commit: Some(self.laptop.signing.sign(&commit)), envelopes }
    }

    fn change(&self, edit: &Edit<'_>) -> (Change, Option<Vec<u8>>) {
        let (Edit::Write(name, _) | Edit::Purge(name)) = edit;
        let item = item(name);
        let revision = self.elements.get(&item).map_or(1, |element| element.revision + 1);
        let envelope = match edit {
            Edit::Write(_, size) => {
                let mut envelope = vec![0x5e; *size];
                for (byte, new) in envelope.iter_mut().zip(item.as_bytes().iter().chain(&revision.to_be_bytes())) {
                    *byte = *new;
                }
                Some(envelope)
            }
            Edit::Purge(_) => None,
        };
        let content = envelope.as_deref().map_or(Content::Tombstone, |bytes| Content::Envelope(envelope_hash(bytes)));
        (Change { item, revision, content }, envelope)
    }

    pub(crate) async fn push(&mut self, server: &Server, edits: &[Edit<'_>]) -> Result<Accepted, PushError> {
        let push = self.commit(edits);
        let accepted = server.services.chains.push(&self.caller(), push.clone()).await?;
        self.follow(&push);
        Ok(accepted)
    }

    /// Follows a commit that the server has accepted.
    pub(crate) fn follow(&mut self, push: &Push) {
        let commit = Commit::parse(push.commit.as_ref().unwrap()).unwrap();
        let (account, written) = self.account.push(&commit, &self.elements).unwrap();
        self.elements.extend(written.into_iter().map(|element| (element.item, element)));
        self.account = account;
    }
}

pub(crate) fn item(name: &str) -> ItemId {
    let mut id = [0; 16];
    for (byte, letter) in id.iter_mut().zip(name.bytes()) {
        *byte = letter;
    }
    ItemId::new(id)
}
