use keyfold_crypto::{
    EpochKey, MemberKeys, WrappingKey,
    epoch::{SealContext, link_hash, sealed_hash},
    recovery::lookup_hash,
};
use keyfold_ledger::author::Author;
use x_wing::kem::Decapsulate;

use crate::{
    json::{Json, bytes, number, object, text},
    story::Story,
};

pub(crate) fn member_keys(keys: &MemberKeys) -> Json {
    let wire = keys.to_wire();
    object([
        ("algorithm", number(wire.algorithm.try_into().unwrap())),
        ("signing_key", bytes(wire.signing_key)),
        ("wrapping_key", bytes(wire.wrapping_key)),
    ])
}

fn member(secret: &[u8], wrapping: &WrappingKey, keys: &MemberKeys) -> Json {
    object([
        ("signing_secret", bytes(secret)),
        ("wrapping_seed", bytes(wrapping.expose())),
        ("keys", member_keys(keys)),
        ("member", bytes(keys.id().as_bytes())),
        ("printed", text(keys.id())),
    ])
}

pub(crate) fn device_id(story: &Story) -> Json {
    let Author { signing, wrapping } = &story.laptop;
    let phone = &story.phone;
    object([
        ("about", text("A member's id from its public keys: an Ed25519 device and an ES256 device.")),
        ("ed25519", member(signing.expose(), wrapping, &story.laptop.keys())),
        ("es256", member(&phone.scalar, &phone.wrapping, &phone.keys())),
    ])
}

pub(crate) fn epoch_commitment(story: &Story) -> Json {
    let key = &story.founded.epoch_key;
    object([
        ("about", text("What a rotation says of the epoch key.")),
        ("account", bytes(story.account.as_bytes())),
        ("epoch", number(1)),
        ("epoch_key", bytes(key.expose())),
        ("commitment", bytes(key.commitment(&story.account, 1).as_bytes())),
    ])
}

/// The epoch key as it was sealed to the phone.
pub(crate) fn sealed_key(story: &Story) -> Json {
    let (context, sealed) = (&story.joined.context, &story.joined.sealed);
    let commitment = story.founded.epoch_key.commitment(&story.account, context.epoch);
    let wrapping = &story.phone.wrapping;
    let opened = EpochKey::open(wrapping, context, &commitment, sealed).unwrap();
    assert_eq!(opened, story.founded.epoch_key);
    let SealContext { account, epoch, member, prev } = context;
    object([
        ("about", text("An epoch key sealed by HPKE (X-Wing, HKDF-SHA256, AES-256-GCM) and what X-Wing gives for it.")),
        ("recipient", member_keys(&story.phone.keys())),
        ("wrapping_seed", bytes(wrapping.expose())),
        ("account", bytes(account.as_bytes())),
        ("epoch", number(*epoch)),
        ("member", bytes(member.as_bytes())),
        ("prev", bytes(prev.as_bytes())),
        ("info", bytes(context.info())),
        ("sealed", bytes(sealed)),
        ("hash", bytes(sealed_hash(sealed).as_bytes())),
        ("x_wing_shared_secret", bytes(shared_secret(wrapping, sealed))),
        ("epoch_key", bytes(opened.expose())),
        ("commitment", bytes(commitment.as_bytes())),
    ])
}

fn shared_secret(wrapping: &WrappingKey, sealed: &[u8]) -> Vec<u8> {
    let encapsulated = sealed[..1120].try_into().unwrap();
    x_wing::DecapsulationKey::from(*wrapping.expose()).decapsulate(&encapsulated).to_vec()
}

pub(crate) fn epoch_link(story: &Story) -> Json {
    let (account, earlier, later) = (&story.account, &story.founded.epoch_key, &story.removed.rotated.epoch_key);
    let link = &story.removed.rotated.links[0].sealed;
    object([
        ("about", text("Epoch 1's key sealed under epoch 2's.")),
        ("account", bytes(account.as_bytes())),
        ("epoch", number(2)),
        ("epoch_key", bytes(later.expose())),
        ("earlier", number(1)),
        ("earlier_key", bytes(earlier.expose())),
        ("earlier_commitment", bytes(earlier.commitment(account, 1).as_bytes())),
        ("nonce", bytes(&story.removed.link_nonce)),
        ("link", bytes(link)),
        ("hash", bytes(link_hash(link).as_bytes())),
    ])
}

pub(crate) fn recovery_keys(story: &Story) -> Json {
    let code = &story.recovery;
    let keys = code.keys(&story.account).unwrap();
    object([
        ("about", text("What a recovery code is for an account.")),
        ("code", bytes(code.expose())),
        ("account", bytes(story.account.as_bytes())),
        ("signing_seed", bytes(keys.signing.expose())),
        ("wrapping_seed", bytes(keys.wrapping.expose())),
        ("keys", member_keys(&keys.public())),
        ("member", bytes(keys.public().id().as_bytes())),
        ("lookup", bytes(code.lookup())),
        ("lookup_hash", bytes(lookup_hash(&code.lookup()).as_bytes())),
    ])
}
