use std::collections::BTreeMap;

use keyfold_crypto::{SigningKey, envelope::envelope_hash};
use keyfold_ledger::{Element, SetState};
use keyfold_wire::{ItemId, v1};
use prost::Message;

use crate::{
    json::{Json, bytes, number, object, text},
    story::{Story, Written},
};

/// The first item's second revision: it has a predecessor.
pub(crate) fn envelope(story: &Story) -> Json {
    let sealed = &story.second.envelopes[0];
    let envelope = v1::Envelope::decode(&*sealed.bytes).unwrap();
    object([
        ("about", text("An item as it is sealed: content, padding, both layers.")),
        ("epoch_key", bytes(story.founded.epoch_key.expose())),
        ("account", bytes(story.account.as_bytes())),
        ("item", bytes(sealed.context.item.as_bytes())),
        ("revision", number(sealed.context.revision)),
        ("epoch", number(sealed.context.epoch)),
        ("at", number(sealed.context.at)),
        ("content", content(&sealed.content)),
        ("content_bytes", bytes(sealed.content.encode_to_vec())),
        ("context", bytes(sealed.context.bytes())),
        ("data_key", bytes(&sealed.data_key)),
        ("wrap_nonce", bytes(envelope.wrap_nonce)),
        ("commitment", bytes(envelope.commitment)),
        ("envelope", bytes(&sealed.bytes)),
        ("hash", bytes(envelope_hash(&sealed.bytes).as_bytes())),
    ])
}

fn content(item: &v1::Item) -> Json {
    let passkey = item.passkey.as_ref().unwrap();
    object([
        ("version", number(item.version.into())),
        ("previous", bytes(&item.previous)),
        ("rp_id", text(&passkey.rp_id)),
        ("credential_id", bytes(&passkey.credential_id)),
        ("user_handle", bytes(&passkey.user_handle)),
        ("minus_algorithm", number(passkey.algorithm.unsigned_abs().into())),
        ("private_key", bytes(&passkey.private_key)),
        ("cred_random_with_uv", bytes(&passkey.cred_random_with_uv)),
        ("cred_random_without_uv", bytes(&passkey.cred_random_without_uv)),
        ("created_at", number(passkey.created_at)),
        ("created_by", bytes(&passkey.created_by)),
        ("backup_eligible", number(passkey.backup_eligible.into())),
        ("fields", Json::List(item.fields.iter().map(field).collect())),
    ])
}

fn field(field: &v1::Field) -> Json {
    let stamp = field.stamp.as_ref().unwrap();
    object([
        ("tag", number(field.tag.try_into().unwrap())),
        ("ms", number(stamp.ms)),
        ("counter", number(stamp.counter.into())),
        ("device", bytes(&stamp.device)),
        ("value", bytes(&field.value)),
    ])
}

pub(crate) fn commit(story: &Story) -> Json {
    let phone = SigningKey::from_secret(keyfold_crypto::SigningAlgorithm::Es256, &story.phone.scalar).unwrap();
    object([
        ("about", text("Two commits: by the Ed25519 device, and by the ES256 device (nonce of RFC 6979, then low s).")),
        (
            "commits",
            Json::List(vec![one_commit(&story.first, &story.laptop.signing), one_commit(&story.second, &phone)]),
        ),
    ])
}

fn one_commit(written: &Written, author: &SigningKey) -> Json {
    let signed = written.commit.signed();
    let message = v1::Commit::decode(&*signed.body).unwrap();
    object([
        ("author_algorithm", number(i32::from(v1::SignatureAlgorithm::from(author.algorithm())).try_into().unwrap())),
        ("author_secret", bytes(author.expose())),
        ("seq", number(message.seq)),
        ("prev", bytes(message.prev)),
        ("author", bytes(message.author)),
        ("at", number(message.at)),
        ("epoch", number(message.epoch)),
        ("roster_head", bytes(message.roster_head)),
        ("set_hash", bytes(message.set_hash)),
        ("count", number(message.count)),
        (
            "changes",
            Json::List(written.commit.changes().iter().map(|change| element(&written.after[&change.item])).collect()),
        ),
        ("body", bytes(&signed.body)),
        ("signature", bytes(&signed.signature)),
        ("hash", bytes(written.commit.hash().as_bytes())),
    ])
}

fn element(element: &Element) -> Json {
    let wire = element.to_wire();
    object([
        ("item", bytes(wire.item)),
        ("revision", number(wire.revision)),
        ("envelope_hash", bytes(wire.envelope_hash)),
        ("tombstone", number(wire.tombstone.into())),
    ])
}

pub(crate) fn set_hash(story: &Story) -> Json {
    let digest = |elements: &BTreeMap<ItemId, Element>| {
        let state = SetState::of(elements.values());
        object([
            ("elements", Json::List(elements.values().map(element).collect())),
            ("state", bytes(state.to_bytes())),
            ("digest", bytes(state.digest(&story.account).as_bytes())),
        ])
    };
    object([
        ("about", text("The set hash before commit 1, after it, and after commit 2.")),
        ("account", bytes(story.account.as_bytes())),
        ("sets", Json::List([&story.first.before, &story.first.after, &story.second.after].map(digest).into())),
    ])
}
