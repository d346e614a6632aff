use keyfold_crypto::{Hash, MemberKeys};
use keyfold_ledger::{Body, Chain, Entry, Receipt, Rotation, heads_at, vault_zero};
use keyfold_wire::v1;

use crate::{
    json::{Json, bytes, number, object, text},
    keys::member_keys,
    story::{Story, log_key},
};

fn hash(hash: Hash) -> Json {
    bytes(hash.as_bytes())
}

/// Where an entry stands, and who signs it with which Ed25519 seed.
fn place(story: &Story, entry: &Entry) -> Json {
    object([
        ("seq", number(entry.seq())),
        ("prev", hash(entry.prev())),
        ("author", bytes(entry.author().as_bytes())),
        ("author_seed", bytes(story.laptop.signing.expose())),
        ("at", number(entry.at())),
        ("vault_head", hash(entry.vault_head())),
    ])
}

fn made(entry: &Entry) -> Json {
    let v1::Signed { body, signature } = entry.signed();
    object([("body", bytes(body)), ("signature", bytes(signature)), ("hash", hash(entry.hash()))])
}

fn description(description: &v1::DeviceDescription) -> Json {
    object([
        ("name", text(&description.name)),
        ("platform", text(&description.platform)),
        ("agent", text(&description.agent)),
    ])
}

pub(crate) fn described(keys: &MemberKeys, words: &v1::DeviceDescription) -> Json {
    object([("keys", member_keys(keys)), ("description", description(words))])
}

pub(crate) fn genesis(story: &Story) -> Json {
    let entry = &story.founded.genesis;
    let Body::Genesis(genesis) = entry.body() else { panic!("a genesis") };
    object([
        ("about", text("Entry 0, the account id that it gives, and the vault's head before commit 1.")),
        ("entry", place(story, entry)),
        ("random", bytes(&story.genesis_random)),
        ("device", described(&genesis.device, &genesis.description.to_wire())),
        ("log_key", bytes(genesis.log_key.as_bytes())),
        ("made", made(entry)),
        ("account", bytes(story.account.as_bytes())),
        ("vault_zero", hash(vault_zero(&story.account))),
    ])
}

fn rotation(rotation: &Rotation, sealed: &[v1::SealedKey], links: &[v1::EpochLink]) -> Json {
    let sealed = rotation.sealed.iter().zip(sealed).map(|((member, named), key)| {
        object([("member", bytes(member.as_bytes())), ("sealed", bytes(&key.sealed)), ("hash", hash(*named))])
    });
    let links = rotation.links.iter().zip(links).map(|((epoch, named), link)| {
        object([("epoch", number(*epoch)), ("link", bytes(&link.sealed)), ("hash", hash(*named))])
    });
    object([
        ("epoch", number(rotation.epoch)),
        ("commitment", hash(rotation.commitment)),
        ("sealed", Json::List(sealed.collect())),
        ("links", Json::List(links.collect())),
    ])
}

pub(crate) fn first_rotation(story: &Story) -> Json {
    let entry = &story.founded.rotation;
    let sealed = std::slice::from_ref(&story.founded.sealed_key);
    object([
        ("about", text("Entry 1, which is pushed with the genesis.")),
        ("account", bytes(story.account.as_bytes())),
        ("entry", place(story, entry)),
        ("rotation", rotation(entry.rotation().unwrap(), sealed, &[])),
        ("made", made(entry)),
    ])
}

pub(crate) fn add_device(story: &Story) -> Json {
    let entry = &story.joined.entry;
    let Body::AddDevice(add) = entry.body() else { panic!("an AddDevice") };
    object([
        ("about", text("The entry that ends an enrolment.")),
        ("entry", place(story, entry)),
        ("transcript", bytes(&add.transcript_bytes)),
        ("transcript_signature", bytes(&add.signature)),
        ("member", bytes(story.phone.id().as_bytes())),
        ("sealed", bytes(&story.joined.sealed)),
        ("sealed_hash", hash(add.sealed_key)),
        ("made", made(entry)),
    ])
}

pub(crate) fn remove(story: &Story) -> Json {
    let (entry, rotated) = (&story.removed.entry, &story.removed.rotated);
    let Body::Remove(remove) = entry.body() else { panic!("a Remove") };
    object([
        ("about", text("The entry that removes the phone and rotates to epoch 2.")),
        ("account", bytes(story.account.as_bytes())),
        ("entry", place(story, entry)),
        ("members", Json::List(remove.members.iter().map(|member| bytes(member.as_bytes())).collect())),
        ("rotation", rotation(&remove.rotation, &rotated.sealed_keys, &rotated.links)),
        ("epoch_key", bytes(rotated.epoch_key.expose())),
        ("made", made(entry)),
    ])
}

pub(crate) fn receipt(story: &Story) -> Json {
    let (roster, vault) = (story.end.roster(), story.end.vault());
    let account = story.account;
    let receipts = [
        Receipt { account, chain: Chain::Roster, seq: roster.seq(), head: roster.head() },
        Receipt { account, chain: Chain::Vault, seq: vault.seq(), head: vault.head() },
        Receipt { account, chain: Chain::Vault, seq: 0, head: vault_zero(&account) },
    ];
    let issued = receipts.map(|receipt| {
        let signed = receipt.issue(&log_key());
        object([
            ("account", bytes(receipt.account.as_bytes())),
            ("chain", number(if receipt.chain == Chain::Roster { 1 } else { 2 })),
            ("seq", number(receipt.seq)),
            ("head", hash(receipt.head)),
            ("body", bytes(signed.body)),
            ("signature", bytes(signed.signature)),
        ])
    });
    object([
        ("about", text("The server's receipts for both heads, and for the vault before commit 1.")),
        ("log_seed", bytes(log_key().expose())),
        ("log_key", bytes(log_key().verifying_key().as_bytes())),
        ("receipts", Json::List(issued.into())),
    ])
}

pub(crate) fn safety_number(story: &Story) -> Json {
    let (roster, vault) = (story.end.roster(), story.end.vault());
    let printed = heads_at(&story.account, (roster.seq(), roster.head()), (vault.seq(), vault.head()));
    object([
        ("about", text("25 digits over both heads.")),
        ("account", bytes(story.account.as_bytes())),
        ("roster_seq", number(roster.seq())),
        ("roster_head", hash(roster.head())),
        ("vault_seq", number(vault.seq())),
        ("vault_head", hash(vault.head())),
        ("printed", text(printed)),
    ])
}
