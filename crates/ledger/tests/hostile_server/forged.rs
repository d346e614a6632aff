use keyfold_crypto::{
    EpochKey, Signature, SigningKey,
    epoch::{SealContext, sealed_hash},
    random,
    signing::SignatureError,
};
use keyfold_ledger::{Account, AccountError, Entry, RosterError, author::Rotation};
use keyfold_wire::v1::{self, RosterEntry, Signed, roster_entry::Body};
use prost::Message;

use crate::{
    synced,
    world::{World, person},
};

const FORGED: AccountError = AccountError::Roster(RosterError::Signature(SignatureError::Invalid));

/// The server's own key, and an entry that says that somebody else signed it.
fn forged(entry: &RosterEntry) -> Entry {
    signed(&person("the server").signing, entry)
}

fn signed(key: &SigningKey, entry: &RosterEntry) -> Entry {
    Entry::parse(&key.sign(entry)).expect("well-formed")
}

#[test]
fn threat_12_a_device_that_the_server_inserts_stops_the_sync() {
    let mut world = World::of(&["laptop", "phone"]);
    let adds = |approver: &str, transcript: &v1::EnrolmentTranscript| {
        world.entry(approver, Body::AddDevice(world.approval("the server", transcript)))
    };
    let as_the_laptop = forged(&adds("laptop", &world.transcript("laptop", "the server")));
    let as_itself = forged(&adds("the server", &world.transcript("the server", "the server")));

    let mut shown = world.clone();
    shown.entries.push(as_the_laptop.clone());
    assert_eq!(synced(&world, &shown), Err(FORGED), "in the laptop's name");
    *shown.entries.last_mut().expect("an entry") = as_itself;
    let stranger = RosterError::NotAMember(world.id("the server"));
    assert_eq!(synced(&world, &shown), Err(stranger.into()), "in its own name");

    let before = world.clone();
    world.rename("laptop", "laptop", "Ana's laptop");
    let mut shown = World { entries: before.entries.clone(), ..world.clone() };
    shown.entries.extend([as_the_laptop, world.entries.last().expect("an entry").clone()]);
    assert_eq!(synced(&before, &shown), Err(FORGED), "under what comes after");
}

#[test]
fn threat_12_the_keys_of_an_honest_enrolment_cannot_be_exchanged() {
    let world = World::of(&["laptop"]);
    let honest = world.signed("laptop", Body::AddDevice(world.approval("phone", &world.transcript("laptop", "phone"))));
    let mut entry = RosterEntry::decode(honest.signed().body.as_slice()).expect("decodes");
    entry.body = Some(Body::AddDevice(world.approval("the server", &world.transcript("laptop", "the server"))));
    let swapped = Signed { body: entry.encode_to_vec(), signature: honest.signed().signature.clone() };
    let swapped = Entry::parse(&swapped).expect("well-formed");
    assert_eq!(world.account.append(&swapped), Err(FORGED));
}

/// A transcript belongs to one place in one roster: a device cannot be let in again by what it signed once.
#[test]
fn threat_12_an_enrolment_from_another_time_or_account_lets_nobody_in() {
    let mut world = World::of(&["laptop"]);
    let once = world.approval("phone", &world.transcript("laptop", "phone"));
    let elsewhere = World::of(&["laptop"]);
    let wrong = Err(AccountError::Roster(RosterError::WrongTranscript));
    assert_eq!(elsewhere.offered("laptop", Body::AddDevice(once.clone())), wrong, "in another account");
    world.rename("laptop", "laptop", "Ana's laptop");
    assert_eq!(world.offered("laptop", Body::AddDevice(once)), wrong, "at another time");
}

#[test]
fn threat_14_an_epoch_key_that_the_server_seals_is_refused() {
    let world = World::of(&["laptop", "phone"]);
    let theirs = world.rotation(&world.members_without(&[]));
    let rotates = |by: &str| world.entry(by, Body::Rotate(theirs.rotate.clone()));
    assert_eq!(world.account.append(&forged(&rotates("laptop"))), Err(FORGED), "in the laptop's name");
    let stranger = RosterError::NotAMember(world.id("the server"));
    assert_eq!(world.account.append(&forged(&rotates("the server"))), Err(stranger.into()), "in its own name");

    let mut removes = rotates("laptop");
    let members = vec![world.id("phone").to_vec()];
    removes.body = Some(Body::Remove(v1::Remove { members, rotation: Some(theirs.rotate), replacement: None }));
    assert_eq!(world.account.append(&forged(&removes)), Err(FORGED), "within a removal");
}

#[test]
fn threat_14_an_epoch_key_that_the_server_seals_is_refused_in_an_empty_account_too() {
    let world = World::founded_by("laptop");
    let genesis = &world.entries[0];
    let account = world.account.roster().account();
    let keys = [(world.id("laptop"), world.keys("laptop"))];
    let rotation = Rotation { account, prev: genesis.hash(), epoch: 1, earlier: &[] };
    let theirs = rotation.to(&keys, &mut random::system());
    let honest = RosterEntry::decode(world.entries[1].signed().body.as_slice()).expect("decodes");
    let founded = |by: &str, body: &Body| {
        let author = person(by).keys().id().to_vec();
        Account::found(genesis, &forged(&RosterEntry { author, body: Some(body.clone()), ..honest.clone() }))
    };
    let theirs = Body::Rotate(theirs.rotate);
    assert_eq!(founded("laptop", &theirs), Err(FORGED));
    assert_eq!(founded("the server", &theirs), Err(RosterError::NotAMember(world.id("the server")).into()));
}

/// The server may know a member's public key and seal what it likes to it: the signed entry says what is sealed.
#[test]
fn threat_14_a_sealed_key_that_the_server_exchanges_is_not_the_epochs() {
    let mut world = World::of(&["laptop", "phone"]);
    let prev = world.account.roster().head();
    world.rotate("laptop");
    let (roster, entry) = (world.account.roster(), world.entries.last().expect("the rotation"));
    let (member, epoch) = (world.id("phone"), roster.epoch());
    let context = SealContext { account: roster.account(), epoch: epoch.number, member, prev };
    let theirs =
        EpochKey::generate(&mut random::system()).seal(world.keys("phone").wrapping(), &context, &mut random::system());
    assert_ne!(entry.sealed_key_for(&member), Some(sealed_hash(&theirs)), "the entry names another");
    let opened = EpochKey::open(&world.person("phone").wrapping, &context, &epoch.commitment, &theirs);
    assert!(opened.is_err(), "and commits to another key");
}

/// Two devices rotate at once; the sealed keys of the one that lost are of no use under the entry that won.
#[test]
fn threat_14_a_sealed_key_of_a_lost_race_is_not_the_winners() {
    let mut world = World::of(&["laptop", "phone"]);
    let (prev, member) = (world.account.roster().head(), world.id("phone"));
    let lost = world.rotation(&world.members_without(&[]));
    world.rotate("phone");
    let (roster, entry) = (world.account.roster(), world.entries.last().expect("the rotation"));
    let sealed = &lost.sealed_keys.iter().find(|key| key.member == member.to_vec()).expect("a key").sealed;
    assert_ne!(entry.sealed_key_for(&member), Some(sealed_hash(sealed)));
    let context = SealContext { account: roster.account(), epoch: 2, member, prev };
    let wrapping = world.person("phone").wrapping;
    let under_the_winner = EpochKey::open(&wrapping, &context, &roster.epoch().commitment, sealed);
    assert!(under_the_winner.is_err());
}

#[test]
fn threat_20_a_signature_of_one_kind_of_message_is_none_of_another() {
    for by in ["laptop", "tpm"] {
        let mut world = World::of(&["laptop", "tpm"]);
        let key = world.person(by).signing;
        let entry = world.entry(by, world.renaming(by, "mine")).encode_to_vec();
        let with = |signature: Signature| {
            let signed = Signed { body: entry.clone(), signature: signature.as_bytes().to_vec() };
            world.account.append(&Entry::parse(&signed).expect("well-formed")).map(drop)
        };
        assert_eq!(with(key.sign_bytes::<RosterEntry>(&entry)), Ok(()));
        for signature in [
            key.sign_bytes::<v1::Commit>(&entry),
            key.sign_bytes::<v1::Receipt>(&entry),
            key.sign_bytes::<v1::SessionOpen>(&entry),
            key.sign_bytes::<v1::AccountDelete>(&entry),
            key.sign_bytes::<v1::EnrolmentTranscript>(&entry),
            key.sign_bytes::<v1::RecoveryTranscript>(&entry),
        ] {
            assert_eq!(with(signature), Err(FORGED));
        }

        let commit = world.commit(by, &[world.writes("mail", "1")]).encode_to_vec();
        let signature = key.sign_bytes::<RosterEntry>(&commit).as_bytes().to_vec();
        let commit = keyfold_ledger::Commit::parse(&Signed { body: commit, signature }).expect("well-formed");
        let refused = keyfold_ledger::CommitError::Signature(SignatureError::Invalid);
        assert_eq!(world.pushed(&commit).map(drop), Err(refused.into()));
        world.write(by, "mail", "1");
    }
}

#[test]
fn threat_20_a_new_devices_signature_is_for_an_enrolment_or_for_a_recovery() {
    let world = World::of(&["laptop"]);
    let transcript = world.transcript("laptop", "phone").encode_to_vec();
    let adds = |signature: Signature| {
        let signature = signature.as_bytes().to_vec();
        let add = v1::AddDevice { signature, ..world.approval("phone", &world.transcript("laptop", "phone")) };
        world.offered("laptop", Body::AddDevice(add)).map(drop)
    };
    let key = world.person("phone").signing;
    assert_eq!(adds(key.sign_bytes::<v1::EnrolmentTranscript>(&transcript)), Ok(()));
    assert_eq!(adds(key.sign_bytes::<v1::RecoveryTranscript>(&transcript)), Err(FORGED));
    assert_eq!(adds(key.sign_bytes::<RosterEntry>(&transcript)), Err(FORGED));
}

/// An id is made of both keys: nobody takes another's id with keys of its own.
#[test]
fn threat_20_an_id_belongs_to_one_pair_of_keys() {
    let world = World::of(&["laptop"]);
    let ids = [
        world.keys("laptop").id(),
        keyfold_crypto::MemberKeys::of(&person("laptop").signing, &person("phone").wrapping).id(),
        keyfold_crypto::MemberKeys::of(&person("phone").signing, &person("laptop").wrapping).id(),
    ];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);

    let mut entry = world.entry("laptop", world.renaming("laptop", "mine"));
    entry.author = ids[1].to_vec();
    let by_the_same_signing_key = world.account.append(&signed(&person("laptop").signing, &entry)).map(drop);
    assert_eq!(by_the_same_signing_key, Err(RosterError::NotAMember(ids[1]).into()));
}

/// ring would accept (r, n − s) as well: anybody could make a second signature of an ES256 author's entry.
#[test]
fn threat_20_a_mauled_signature_makes_no_second_entry() {
    let world = World::of(&["tpm"]);
    let honest = world.signed("tpm", world.renaming("tpm", "mine"));
    assert!(world.account.append(&honest).is_ok());
    let (r, s) = p256::ecdsa::Signature::from_slice(&honest.signed().signature).expect("a signature").split_scalars();
    let mauled = p256::ecdsa::Signature::from_scalars(r, -s).expect("a signature").to_bytes().to_vec();
    assert_ne!(mauled, honest.signed().signature);
    let mauled = Entry::parse(&Signed { signature: mauled, ..honest.signed().clone() }).expect("well-formed");
    assert_eq!(mauled.hash(), honest.hash(), "a hash is of what was signed");
    assert_eq!(world.account.append(&mauled), Err(FORGED));
}
