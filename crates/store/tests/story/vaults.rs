use std::collections::BTreeMap;

use keyfold_crypto::Hash;
use keyfold_ledger::{Element, SetState};
use keyfold_vault::storage::{
    AppendWrite, Appended, Change, Created, Heads, InviteHash, NewAccount, PushBase, PushWrite, Standing, Storage,
    Written,
};
use keyfold_wire::{AccountId, ItemId};

use crate::names::{DAY, NOW, account, device, item, message, named};

/// An account with a laptop and a phone, as the services see it that write to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vault {
    pub(crate) account: AccountId,
    pub(crate) heads: Heads,
}

/// What a commit does to one item.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Edit<'a> {
    /// A revision whose envelope has this many bytes.
    Write(&'a str, usize),
    /// A tombstone.
    Purge(&'a str),
}

impl Vault {
    pub(crate) async fn founded(storage: &dyn Storage, name: &str) -> Self {
        assert_eq!(storage.create_account(new_account(name)).await.unwrap(), Created::Done);
        let vault = Self::new(name);
        assert_eq!(vault.standing(storage).await, Standing::Active(vault.heads));
        vault
    }

    /// The account as it stands once it is created.
    pub(crate) fn new(name: &str) -> Self {
        Self { account: account(name), heads: new_account(name).heads }
    }

    pub(crate) async fn standing(&self, storage: &dyn Storage) -> Standing {
        storage.standing(self.account).await.unwrap()
    }

    /// A rotation that seals the epoch's key to both devices and links two epochs before.
    pub(crate) fn rotation(&self, text: &str) -> AppendWrite {
        AppendWrite {
            account: self.account,
            expected: self.heads,
            hash: named(text),
            entry: message(text),
            sealed_keys: vec![sealed(text, "laptop"), sealed(text, "phone")],
            links: vec![(1, named(text).to_vec()), (2, vec![2; 60])],
            bytes_added: 0,
            enrolment: None,
            ends_offers: false,
            fences: None,
            lookup: None,
        }
    }

    pub(crate) async fn append(&mut self, storage: &dyn Storage, write: AppendWrite) -> Appended {
        let (seq, hash) = (self.heads.roster_seq + 1, write.hash);
        let written = storage.append(write).await.unwrap();
        if written == Appended::Done {
            self.heads = Heads { roster_seq: seq, roster_head: hash, ..self.heads };
        }
        written
    }

    pub(crate) async fn rotate(&mut self, storage: &dyn Storage, text: &str) {
        assert_eq!(self.append(storage, self.rotation(text)).await, Appended::Done);
    }

    pub(crate) async fn base(&self, storage: &dyn Storage, items: &[&str]) -> PushBase {
        let items: Vec<ItemId> = items.iter().map(|name| item(name)).collect();
        storage.push_base(self.account, &items).await.unwrap().unwrap()
    }

    /// A commit as the services make it: held against the account as it stands, and counted on from there.
    pub(crate) async fn commit(&self, storage: &dyn Storage, text: &str, edits: &[Edit<'_>]) -> PushWrite {
        let items: Vec<&str> = edits.iter().map(Edit::item).collect();
        let base = self.base(storage, &items).await;
        let before: BTreeMap<ItemId, Element> = base.changed.iter().map(|element| (element.item, *element)).collect();
        let mut changes: Vec<Change> = edits.iter().map(|edit| edit.change(text, &before)).collect();
        changes.sort_by_key(|change| change.element.item);
        let mut set = base.set;
        let (mut count, mut elements) = (base.count, base.elements);
        for change in &changes {
            match before.get(&change.element.item) {
                Some(element) => set.subtract(element),
                None => (count, elements) = (count + 1, elements + 1),
            }
            count -= u64::from(change.element.is_tombstone());
            set.add(&change.element);
        }
        PushWrite {
            account: self.account,
            expected: self.heads,
            hash: named(text),
            commit: message(text),
            at: NOW + self.heads.vault_seq,
            count,
            elements,
            bytes_added: changes.iter().flat_map(|change| &change.envelope).map(|envelope| envelope.len() as u64).sum(),
            bytes_reclaimed: base.reclaimed,
            set,
            changes,
            purge_due: NOW + 30 * DAY,
        }
    }

    pub(crate) async fn send(&mut self, storage: &dyn Storage, write: PushWrite) -> Written {
        let (seq, hash) = (self.heads.vault_seq + 1, write.hash);
        let written = storage.push(write).await.unwrap();
        if written == Written::Done {
            self.heads = Heads { vault_seq: seq, vault_head: hash, ..self.heads };
        }
        written
    }

    pub(crate) async fn push(&mut self, storage: &dyn Storage, text: &str, edits: &[Edit<'_>]) {
        let write = self.commit(storage, text, edits).await;
        assert_eq!(self.send(storage, write).await, Written::Done);
    }

    /// The envelopes of these revisions, as far as they are kept.
    pub(crate) async fn kept(&self, storage: &dyn Storage, name: &str, revisions: &[u64]) -> Vec<(u64, Vec<u8>)> {
        let wanted: Vec<(ItemId, u64)> = revisions.iter().map(|revision| (item(name), *revision)).collect();
        let kept = storage.envelopes(self.account, &wanted).await.unwrap();
        assert!(kept.iter().all(|(id, _, _)| *id == item(name)));
        let mut kept: Vec<_> = kept.into_iter().map(|(_, revision, envelope)| (revision, envelope)).collect();
        kept.sort();
        kept
    }
}

impl<'a> Edit<'a> {
    pub(crate) const fn item(&self) -> &'a str {
        match self {
            Self::Write(item, _) | Self::Purge(item) => item,
        }
    }

    fn change(&self, text: &str, before: &BTreeMap<ItemId, Element>) -> Change {
        let item = item(self.item());
        let revision = before.get(&item).map_or(0, |element| element.revision) + 1;
        let (envelope, bytes) = match self {
            Self::Write(name, size) => (Some(envelope_hash(text, name)), Some(envelope(text, name, *size))),
            Self::Purge(_) => (None, None),
        };
        Change { element: Element { item, revision, envelope }, envelope: bytes }
    }
}

pub(crate) fn new_account(name: &str) -> NewAccount {
    let (genesis, rotation) = (format!("genesis of {name}"), format!("epoch 1 of {name}"));
    let heads =
        Heads { roster_seq: 1, roster_head: named(&rotation), vault_seq: 0, vault_head: named(&format!("no {name}")) };
    NewAccount {
        account: account(name),
        heads,
        genesis: message(&genesis),
        rotation: message(&rotation),
        sealed_key: sealed(&rotation, "laptop"),
        bytes_used: 0,
        created_at: NOW,
        invite: None,
        behind: false,
    }
}

/// An account that uses an invite.
pub(crate) fn invited(name: &str, invite: &str) -> NewAccount {
    NewAccount { invite: Some(InviteHash(named(invite))), ..new_account(name) }
}

pub(crate) fn sealed(entry: &str, name: &str) -> (keyfold_wire::MemberId, Vec<u8>) {
    (device(name), named(&format!("{entry} for {name}")).to_vec())
}

/// The envelope that the commit `text` has for an item.
pub(crate) fn envelope(text: &str, name: &str, size: usize) -> Vec<u8> {
    envelope_hash(text, name).as_bytes().iter().copied().cycle().take(size).collect()
}

pub(crate) fn envelope_hash(text: &str, name: &str) -> Hash {
    named(&format!("{text}: {name}"))
}

/// The set of these elements, digested for the account.
pub(crate) fn digest(vault: &Vault, set: &SetState) -> Hash {
    set.digest(&vault.account)
}
