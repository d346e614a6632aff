use std::{cell::RefCell, collections::BTreeMap};

use keyfold_crypto::{EpochKey, SigningAlgorithm, VerifyingKey, envelope::envelope_hash, random};
use keyfold_ledger::{
    Account, Change, Commit, Content, Element, Entry,
    author::{Author, Rotation, found},
};
use keyfold_wire::{
    ItemId,
    v1::{self, Accepted, AppendEntry, CreateAccount, DeviceDescription, Push, ServerInfo, roster_entry::Body},
};
use prost::Message;

use super::{Device, Server, Session, device::keys};

/// What a device holds of its account.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) account: Account,
    pub(super) elements: BTreeMap<ItemId, Element>,
    pub(super) epoch_key: EpochKey,
}

impl<'a> Device<'a> {
    /// The first device of a new account.
    pub(crate) fn founded(server: &'a Server) -> Self {
        let author = keys();
        let (message, held) = founding(server, &author);
        let _: Accepted = server.post("/v1/accounts", &message.encode_to_vec()).message();
        let session = Session::open(server, held.account.roster().account(), &author);
        Self { server, author, held: RefCell::new(held), session }
    }

    /// A push that makes new items of these envelopes; it is not sent.
    pub(crate) fn draft(&self, envelopes: Vec<Vec<u8>>) -> Push {
        let held = self.held.borrow();
        let changes: Vec<Change> = (held.elements.len()..)
            .zip(&envelopes)
            .map(|(index, envelope)| Change {
                item: item(index),
                revision: 1,
                content: Content::Envelope(envelope_hash(envelope)),
            })
            .collect();
        let (roster, vault) = (held.account.roster(), held.account.vault());
        let commit =
            vault.draft(roster, self.id(), self.server.now().max(vault.at()), &changes, &held.elements).unwrap();
        Push { commit: Some(self.author.signing.sign(&commit)), envelopes }
    }

    /// Takes note of a push that the server accepted.
    pub(crate) fn pushed(&self, push: &Push) {
        let mut held = self.held.borrow_mut();
        let commit = Commit::parse(push.commit.as_ref().unwrap()).unwrap();
        let (account, written) = held.account.push(&commit, &held.elements).unwrap();
        held.account = account;
        held.elements.extend(written.into_iter().map(|element| (element.item, element)));
    }

    /// Pushes new items with envelopes of this many bytes.
    pub(crate) fn fill(&self, items: usize, bytes: usize) {
        let push = self.draft(vec![vec![7; bytes]; items]);
        let _: Accepted = self.post("/v1/commits", &push).message();
        self.pushed(&push);
    }

    /// Removes another device, and rotates.
    pub(crate) fn remove(&self, other: &Device<'_>) {
        let (message, epoch_key, entry) = {
            let held = self.held.borrow();
            let roster = held.account.roster();
            let stay: Vec<_> = roster
                .members()
                .iter()
                .filter(|(id, _)| **id != other.id())
                .map(|(id, member)| (*id, member.keys.clone()))
                .collect();
            let (epoch, earlier) = (roster.epoch().number, [(roster.epoch().number, &held.epoch_key)]);
            let rotation =
                Rotation { account: roster.account(), prev: roster.head(), epoch: epoch + 1, earlier: &earlier };
            let rotated = rotation.to(&stay, &mut random::system());
            let remove =
                v1::Remove { members: vec![other.id().to_vec()], rotation: Some(rotated.rotate), replacement: None };
            let entry = self.entry(&held, Body::Remove(remove));
            let message = AppendEntry {
                entry: Some(entry.signed().clone()),
                sealed_keys: rotated.sealed_keys,
                links: rotated.links,
            };
            (message, rotated.epoch_key, entry)
        };
        let _: Accepted = self.post("/v1/roster", &message).message();
        self.appended(&entry);
        self.held.borrow_mut().epoch_key = epoch_key;
    }

    pub(super) fn entry(&self, held: &Held, body: Body) -> Entry {
        self.author.sign(&held.account.roster().next(self.server.now(), held.account.vault().head()), body).unwrap()
    }

    pub(super) fn appended(&self, entry: &Entry) {
        let mut held = self.held.borrow_mut();
        held.account = held.account.append(entry).unwrap();
    }
}

pub(crate) fn item(index: usize) -> ItemId {
    ItemId::new(u128::try_from(index).unwrap().to_be_bytes())
}

pub(super) fn description() -> DeviceDescription {
    DeviceDescription { name: "laptop".into(), platform: "linux".into(), agent: "test".into() }
}

fn founding(server: &Server, author: &Author) -> (CreateAccount, Held) {
    let info: ServerInfo = server.get("/v1/server").message();
    let log_key = VerifyingKey::new(SigningAlgorithm::Ed25519, &info.log_key).unwrap();
    let founded = found(author, &description(), &log_key, server.now(), &mut random::system()).unwrap();
    let account = Account::found(&founded.genesis, &founded.rotation).unwrap();
    let message = CreateAccount {
        genesis: Some(founded.genesis.signed().clone()),
        rotation: Some(founded.rotation.signed().clone()),
        sealed_key: Some(founded.sealed_key),
        invite: String::new(),
        lost: None,
    };
    (message, Held { account, elements: BTreeMap::new(), epoch_key: founded.epoch_key })
}
