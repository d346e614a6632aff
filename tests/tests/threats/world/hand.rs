use std::collections::BTreeMap;

use keyfold_client::{
    Clock, ItemId,
    api::{ApiError, Frame, PullFrom},
    item::{FieldTag, Item},
    vault::Held,
};
use keyfold_crypto::{
    EpochKey, Hash, MemberKeys, SigningKey,
    envelope::{self, Context, envelope_hash},
    epoch::SealContext,
    random,
};
use keyfold_ledger::{
    Change, Content, Element,
    author::{Rotated, Rotation},
};
use keyfold_wire::{
    MemberId,
    v1::{self, Accepted, AppendEntry, Push, RosterEntry, Signed, roster_entry::Body},
};
use prost::Message;

use super::Device;

/// What a device's keys can do in the hands of somebody who does not keep to the program.
impl Device {
    pub(crate) async fn held(&self) -> Held {
        self.vault().local().held().await.unwrap()
    }

    pub(crate) fn id(&self) -> MemberId {
        self.vault().keys().id()
    }

    pub(crate) fn signing(&self) -> &SigningKey {
        &self.vault().keys().author.signing
    }

    pub(crate) async fn epoch_key(&self) -> (u64, EpochKey) {
        let (held, chains) = (self.held().await, self.vault().local().storage().chains().await.unwrap());
        let (account, epoch) = (held.roster.account(), held.roster.epoch());
        let opened = chains.sealed_keys.iter().find_map(|sealed| {
            let prev = held.entries.get(usize::try_from(sealed.roster_seq).unwrap())?.prev();
            let context = SealContext { account, epoch: epoch.number, member: self.id(), prev };
            EpochKey::open(&self.vault().keys().author.wrapping, &context, &epoch.commitment, &sealed.sealed).ok()
        });
        (epoch.number, opened.unwrap())
    }

    /// The time that its next commit says.
    pub(crate) async fn now(&self) -> u64 {
        self.clock.now().max(self.held().await.vault.unwrap().at())
    }

    /// The next revision of a passkey with this label, as an honest device would write it.
    pub(crate) async fn draft(&self, at: u64, item: ItemId, label: &str) -> Draft {
        let held = self.held().await;
        let element = self.vault().local().storage().elements(&[item]).await.unwrap()[0];
        let mut shown = self.vault().passkey(item).await.unwrap().item;
        shown.fields.set(FieldTag::Label, label.into(), at, self.id());
        let (account, epoch) = (held.roster.account(), held.roster.epoch().number);
        let context = Context { account, item, revision: element.revision + 1, epoch, at };
        Draft { context, previous: element.envelope, item: shown }
    }

    /// Seals whatever it is given.
    pub(crate) async fn seals(&self, context: &Context, plaintext: &[u8]) -> Vec<u8> {
        envelope::seal(&self.epoch_key().await.1, context, plaintext, &mut random::system()).unwrap()
    }

    /// The envelope of that revision.
    pub(crate) async fn envelope(&self, at: u64, item: ItemId, label: &str) -> Vec<u8> {
        let draft = self.draft(at, item, label).await;
        self.seals(&draft.context, &draft.item.encode(at, draft.previous)).await
    }

    /// The next commit, in which these items become these envelopes, whatever is in them.
    pub(crate) async fn commit(&self, at: u64, envelopes: &[(ItemId, &[u8])]) -> v1::Commit {
        let contents: Vec<_> =
            envelopes.iter().map(|(item, envelope)| (*item, Content::Envelope(envelope_hash(envelope)))).collect();
        self.commit_of(at, &contents).await
    }

    pub(crate) async fn commit_of(&self, at: u64, contents: &[(ItemId, Content)]) -> v1::Commit {
        let held = self.held().await;
        let items: Vec<ItemId> = contents.iter().map(|(item, _)| *item).collect();
        let elements = self.vault().local().storage().elements(&items).await.unwrap();
        let elements: BTreeMap<ItemId, Element> = elements.into_iter().map(|element| (element.item, element)).collect();
        let mut changes: Vec<Change> = contents
            .iter()
            .map(|(item, content)| {
                let revision = elements.get(item).map_or(0, |element| element.revision) + 1;
                Change { item: *item, revision, content: *content }
            })
            .collect();
        changes.sort_by_key(|change| change.item);
        held.vault.unwrap().draft(&held.roster, self.id(), at, &changes, &elements).unwrap()
    }

    /// Pushes a commit that this device signs, with these envelopes beside it.
    pub(crate) async fn pushes(&self, commit: &v1::Commit, envelopes: &[&[u8]]) -> Result<Accepted, ApiError> {
        self.engine.api().push(&push(self.signing().sign(commit), envelopes)).await
    }

    /// Writes these envelopes for these items, and what the server takes of it stands.
    pub(crate) async fn writes(&self, at: u64, mut envelopes: Vec<(ItemId, &[u8])>) {
        envelopes.sort_by_key(|(item, _)| *item);
        let commit = self.commit(at, &envelopes).await;
        let envelopes: Vec<&[u8]> = envelopes.into_iter().map(|(_, envelope)| envelope).collect();
        self.pushes(&commit, &envelopes).await.unwrap();
    }

    /// All that the server has of the account for this device.
    pub(crate) async fn everything(&self) -> Vec<Frame> {
        let mut stream = self.engine.api().pull(PullFrom::Nothing).await.unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = stream.frame().await.unwrap() {
            frames.push(frame);
        }
        frames
    }

    /// The next entry, as an honest device would place it.
    pub(crate) async fn entry(&self, body: Body) -> RosterEntry {
        let held = self.held().await;
        let place = held.roster.next(self.clock.now(), held.vault.unwrap().head());
        RosterEntry {
            suite: 1,
            seq: place.seq,
            prev: place.prev.to_vec(),
            author: self.id().to_vec(),
            at: place.at,
            vault_head: place.vault_head.to_vec(),
            body: Some(body),
        }
    }

    /// A new epoch for these members, made with this device's keys.
    pub(crate) async fn rotation(&self, members: &[(MemberId, MemberKeys)]) -> Rotated {
        let (held, (latest, key)) = (self.held().await, self.epoch_key().await);
        let (account, prev, epoch) = (held.roster.account(), held.roster.head(), latest + 1);
        Rotation { account, prev, epoch, earlier: &[(latest, &key)] }.to(members, &mut random::system())
    }

    /// Every member but these, ascending.
    pub(crate) async fn members_without(&self, gone: &[MemberId]) -> Vec<(MemberId, MemberKeys)> {
        let held = self.held().await;
        let members = held.roster.members().iter().filter(|(id, _)| !gone.contains(id));
        members.map(|(id, member)| (*id, member.keys.clone())).collect()
    }

    /// Appends an entry that this device signs, with what travels beside it.
    pub(crate) async fn appends(&self, body: Body, rotated: Rotated) -> Result<Accepted, ApiError> {
        let entry = Some(self.signing().sign(&self.entry(body).await));
        let message = AppendEntry { entry, sealed_keys: rotated.sealed_keys, links: rotated.links };
        self.engine.api().append(&message.encode_to_vec()).await
    }

    /// Removes a device, as the protocol has it.
    pub(crate) async fn removes(&self, device: MemberId) {
        let rotated = self.rotation(&self.members_without(&[device]).await).await;
        let rotation = Some(rotated.rotate.clone());
        let remove = v1::Remove { members: vec![device.to_vec()], rotation, replacement: None };
        Box::pin(self.appends(Body::Remove(remove), rotated)).await.unwrap();
        self.syncs().await;
    }
}

/// A revision that is not sealed yet.
pub(crate) struct Draft {
    pub(crate) context: Context,
    pub(crate) previous: Option<Hash>,
    pub(crate) item: Item,
}

/// The bytes of a `Push`.
pub(crate) fn push(commit: Signed, envelopes: &[&[u8]]) -> Vec<u8> {
    let envelopes = envelopes.iter().map(|envelope| envelope.to_vec()).collect();
    Push { commit: Some(commit), envelopes }.encode_to_vec()
}
