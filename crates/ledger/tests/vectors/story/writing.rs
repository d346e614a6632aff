use std::collections::BTreeMap;

use keyfold_crypto::{
    EpochKey,
    envelope::{self, Context, Envelope},
};
use keyfold_ledger::{Account, Change, Commit, Content, Element, author::Author};
use keyfold_wire::{ItemId, MemberId, v1};
use prost::Message;

use super::{Phone, T0};
use crate::fixed::{Fixed, fixed};

/// A commit, the envelopes that travel with it, and the elements before and after.
pub(crate) struct Written {
    pub(crate) commit: Commit,
    pub(crate) envelopes: Vec<SealedItem>,
    pub(crate) before: BTreeMap<ItemId, Element>,
    pub(crate) after: BTreeMap<ItemId, Element>,
}

/// An envelope and what it was made of.
pub(crate) struct SealedItem {
    pub(crate) context: Context,
    pub(crate) content: v1::Item,
    pub(crate) data_key: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
}

impl Written {
    /// Two new items.
    pub(super) fn by_laptop(account: &Account, laptop: &Author, epoch_key: &EpochKey) -> Self {
        let device = laptop.keys().id();
        let sealed = [
            SealedItem::new(account, epoch_key, (new_id("first item"), 1), passkey(device), "first envelope"),
            SealedItem::new(account, epoch_key, (new_id("second item"), 1), passkey(device), "second envelope"),
        ];
        let before = BTreeMap::new();
        let changes = ascending(sealed.iter().map(SealedItem::change).collect());
        let draft = account.vault().draft(account.roster(), device, T0 + 120_000, &changes, &before).unwrap();
        let commit = Commit::parse(&laptop.signing.sign(&draft)).unwrap();
        Self::new(account, commit, sealed.into(), before)
    }

    /// The first item gets a label; the second is purged.
    pub(super) fn by_phone(account: &Account, phone: &Phone, epoch_key: &EpochKey, first: &Self) -> Self {
        let [labelled, purged] = first.envelopes.as_slice() else { panic!("two items") };
        let id = labelled.context.item;
        let sealed = SealedItem::new(account, epoch_key, (id, 2), with_label(labelled, phone.id()), "third envelope");
        let purge = Change { item: purged.context.item, revision: 2, content: Content::Tombstone };
        let changes = ascending(vec![sealed.change(), purge]);
        let before = first.after.clone();
        let draft = account.vault().draft(account.roster(), phone.id(), T0 + 180_000, &changes, &before).unwrap();
        let body = draft.encode_to_vec();
        let signed = v1::Signed { signature: phone.sign::<v1::Commit>(&body), body };
        Self::new(account, Commit::parse(&signed).unwrap(), vec![sealed], before)
    }

    fn new(account: &Account, commit: Commit, envelopes: Vec<SealedItem>, before: BTreeMap<ItemId, Element>) -> Self {
        let (_, written) = account.push(&commit, &before).unwrap();
        let mut after = before.clone();
        after.extend(written.into_iter().map(|element| (element.item, element)));
        Self { commit, envelopes, before, after }
    }
}

impl SealedItem {
    fn new(
        account: &Account,
        epoch_key: &EpochKey,
        (item, revision): (ItemId, u64),
        content: v1::Item,
        label: &'static str,
    ) -> Self {
        let context = Context { account: account.roster().account(), item, revision, epoch: 1, at: content.at };
        let mut rng = Fixed::new(label);
        let bytes = envelope::seal(epoch_key, &context, &content.encode_to_vec(), &mut rng).unwrap();
        let [data_key, _wrap_nonce] = rng.drawn();
        let opened = Envelope::parse(context.account, &bytes).unwrap().open(epoch_key).unwrap();
        assert_eq!(*opened, content.encode_to_vec());
        Self { context, content, data_key, bytes }
    }

    fn change(&self) -> Change {
        let content = Content::Envelope(envelope::envelope_hash(&self.bytes));
        Change { item: self.context.item, revision: self.context.revision, content }
    }
}

fn new_id(label: &str) -> ItemId {
    ItemId::new(fixed(label))
}

fn ascending(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by_key(|change| change.item);
    changes
}

fn field(tag: v1::FieldTag, value: &[u8], at: u64, device: MemberId) -> v1::Field {
    let stamp = Some(v1::Stamp { ms: at, counter: 0, device: device.to_vec() });
    v1::Field { tag: tag.into(), stamp, value: value.to_vec() }
}

fn passkey(device: MemberId) -> v1::Item {
    let at = T0 + 120_000;
    v1::Item {
        version: 1,
        at,
        previous: Vec::new(),
        passkey: Some(v1::Passkey {
            rp_id: "example.org".into(),
            credential_id: fixed::<32>("credential id").to_vec(),
            user_handle: fixed::<16>("user handle").to_vec(),
            algorithm: -7,
            private_key: fixed::<32>("passkey").to_vec(),
            cred_random_with_uv: fixed::<32>("cred random with uv").to_vec(),
            cred_random_without_uv: fixed::<32>("cred random without uv").to_vec(),
            created_at: at,
            created_by: device.to_vec(),
            backup_eligible: true,
            cred_blob: Vec::new(),
            imported: None,
            cred_protect: 0,
            server_side: false,
            bound_by: 0,
        }),
        fields: vec![
            field(v1::FieldTag::UserName, b"ana@example.org", at, device),
            field(v1::FieldTag::UserDisplayName, b"Ana", at, device),
            field(v1::FieldTag::RpName, b"Example", at, device),
        ],
        foreign: None,
        export: None,
    }
}

fn with_label(earlier: &SealedItem, device: MemberId) -> v1::Item {
    let mut item = earlier.content.clone();
    item.at = T0 + 180_000;
    item.previous = envelope::envelope_hash(&earlier.bytes).to_vec();
    item.fields.push(field(v1::FieldTag::Label, b"Work", item.at, device));
    item
}
