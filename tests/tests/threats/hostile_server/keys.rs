use keyfold_client::{AccountId, MemberId, api::Frame, storage::Condition, sync::SyncError};
use keyfold_crypto::{
    EpochKey, Hash,
    epoch::{SealContext, sealed_hash},
    random,
};
use keyfold_ledger::author::Rotated;
use keyfold_wire::v1::{SealedEpochKey, SealedLink, roster_entry::Body};

use crate::world::{Device, Newcomer, World, let_in};

/// The sealed keys that a profile keeps.
async fn keys_of(device: &Device) -> usize {
    device.vault().local().storage().chains().await.unwrap().sealed_keys.len()
}

/// The laptop begins a new epoch, honestly.
async fn rotate(laptop: &Device) {
    let rotated = laptop.rotation(&laptop.members_without(&[]).await).await;
    laptop.appends(Body::Rotate(rotated.rotate.clone()), rotated).await.unwrap();
    laptop.syncs().await;
}

/// The phone goes on, but without the key of the epoch it can neither write nor be made to use another.
async fn goes_on_without_a_key(phone: &Device) {
    let keys = keys_of(phone).await;
    phone.labels(phone.vault().contents().await.unwrap().items[0].id, "unsent").await;
    let went = phone.engine.sync().await;
    assert!(matches!(went, Err(SyncError::NoEpochKey)), "{went:?}");
    assert_eq!(keys_of(phone).await, keys, "a key was kept");
}

/// A key that the server seals to the phone itself, with all that an honest one is bound to.
async fn theirs(world: &World) -> Vec<u8> {
    let held = world.laptop.held().await;
    let keys = held.roster.author(&world.phone.id()).unwrap().clone();
    let context = SealContext {
        account: held.roster.account(),
        epoch: held.roster.epoch().number,
        member: world.phone.id(),
        prev: held.entries.last().unwrap().prev(),
    };
    EpochKey::generate(&mut random::system()).seal(keys.wrapping(), &context, &mut random::system())
}

fn exchange_sealed_keys(frames: &mut [Frame], theirs: &[u8]) {
    for frame in frames {
        if let Frame::SealedKey(key) = frame {
            key.sealed = theirs.to_vec();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_14_an_epoch_key_that_the_server_seals_is_not_kept() {
    let world = World::new().await;
    rotate(&world.laptop).await;
    let theirs = theirs(&world).await;
    world.phone.wire.rewrites_pulls(move |frames| exchange_sealed_keys(frames, &theirs));
    goes_on_without_a_key(&world.phone).await;
}

/// The account of a new device is empty, and the key that the approver sealed is exchanged on the way.
#[tokio::test(flavor = "multi_thread")]
async fn threat_14_an_epoch_key_that_the_server_seals_lets_no_device_in() {
    let world = World::new().await;
    let theirs = theirs(&world).await;
    let newcomer = Newcomer::new(&world.home).await;
    let confirmed = let_in(&newcomer, &world.laptop).await.unwrap();
    newcomer.wire.rewrites_pulls(move |frames| exchange_sealed_keys(frames, &theirs));
    let storage = newcomer.storage.clone();
    let error = newcomer.joins(confirmed).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("withholds this device's sealed key"), "{error}");
    assert_eq!(storage.profile().await.unwrap().unwrap().condition, Condition::Enrolling, "it is in no account");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_03_a_sealed_key_moved_to_another_entry_is_not_kept() {
    let world = World::new().await;
    let old = world.phone.vault().local().storage().chains().await.unwrap().sealed_keys[0].clone();
    rotate(&world.laptop).await;
    world.phone.wire.rewrites_pulls(move |frames| exchange_sealed_keys(frames, &old.sealed));
    goes_on_without_a_key(&world.phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_03_a_sealed_key_moved_to_another_device_is_not_kept() {
    let world = World::new().await;
    rotate(&world.laptop).await;
    let laptops = world.laptop.vault().local().storage().chains().await.unwrap().sealed_keys.pop().unwrap();
    world.phone.wire.rewrites_pulls(move |frames| exchange_sealed_keys(frames, &laptops.sealed));
    goes_on_without_a_key(&world.phone).await;
}

/// A member may sign for a sealed key that was made for another place: it opens at none.
#[tokio::test(flavor = "multi_thread")]
async fn threat_03_a_sealed_key_made_for_another_place_opens_nowhere_though_it_is_signed_for() {
    let World { laptop, phone, mail, home: _home, .. } = World::new().await;
    let (stranger, laptop_id) = (AccountId::new([9; 16]), laptop.id());
    let elsewhere: [&dyn Fn(SealContext) -> SealContext; 4] = [
        &|context| SealContext { account: stranger, ..context },
        &|context| SealContext { epoch: context.epoch - 1, ..context },
        &|context| SealContext { member: laptop_id, ..context },
        &|context| SealContext { prev: Hash::ZERO, ..context },
    ];
    phone.labels(mail, "unsent").await;
    for moved in elsewhere {
        let rotated = sealed_for(&laptop, phone.id(), moved).await;
        laptop.appends(Body::Rotate(rotated.rotate.clone()), rotated).await.unwrap();
        laptop.syncs().await;
        let went = phone.engine.sync().await;
        assert!(matches!(went, Err(SyncError::NoEpochKey)), "{went:?}");
    }
    // The phone begins an epoch without the keys that do not open, and who has them encrypts anew what is under them.
    Box::pin(phone.engine.rotate()).await.unwrap();
    assert_eq!(laptop.syncs().await.items_reencrypted, 2);
    assert_eq!(phone.syncs().await.items_pushed, 1, "with a key that was made for its place it goes on");
    laptop.syncs().await;
    assert_eq!(laptop.sees().await, phone.sees().await);
}

/// A rotation whose key is sealed to `member` for another place than its own.
async fn sealed_for(laptop: &Device, member: MemberId, moved: &dyn Fn(SealContext) -> SealContext) -> Rotated {
    let held = laptop.held().await;
    let mut rotated = laptop.rotation(&laptop.members_without(&[]).await).await;
    let (account, prev, epoch) = (held.roster.account(), held.roster.head(), rotated.rotate.epoch);
    let context = moved(SealContext { account, epoch, member, prev });
    let keys = held.roster.author(&member).unwrap();
    let sealed = rotated.epoch_key.seal(keys.wrapping(), &context, &mut random::system());
    let place = rotated.sealed_keys.iter().position(|key| key.member == member.as_bytes()).unwrap();
    rotated.rotate.sealed[place].hash = sealed_hash(&sealed).to_vec();
    rotated.sealed_keys[place].sealed = sealed;
    rotated
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_21_keys_that_answer_no_entry_are_ignored() {
    let world = World::new().await;
    rotate(&world.laptop).await;
    world.phone.syncs().await;
    let kept = world.phone.kept().await;
    rotate(&world.laptop).await;
    let (theirs, held) = (theirs(&world).await, world.phone.held().await);
    let last = held.roster.seq();
    let key = move |roster_seq| Frame::SealedKey(SealedEpochKey { roster_seq, sealed: theirs.clone() });
    world.phone.wire.rewrites_pulls(move |frames| {
        let own = frames.iter().position(|frame| matches!(frame, Frame::SealedKey(_))).unwrap();
        frames[own] = key(last);
        for roster_seq in 0..=last + 1 {
            frames.insert(own + 1, Frame::Link(SealedLink { roster_seq, epoch: 1, sealed: vec![7; 60] }));
        }
        // Also where the phone has no key yet, that one might fill the place: behind the founding, and every later entry.
        let again = held.entries.iter().flat_map(|entry| [Frame::Entry(entry.signed().clone()), key(entry.seq())]);
        frames.splice(1..1, again.collect::<Vec<_>>());
    });
    world.phone.syncs().await;
    let chains = world.phone.vault().local().storage().chains().await.unwrap();
    assert_eq!(chains.sealed_keys, kept.chains.sealed_keys, "the key that it holds, and no other");
    assert!(chains.links.iter().all(|link| link.sealed != [7; 60]));
    rotate(&world.laptop).await;
    world.phone.wire.is_honest();
    world.phone.syncs().await;
    world.phone.labels(world.mail, "new mail").await;
    assert_eq!(world.phone.syncs().await.items_pushed, 1, "the epoch's key is still there");
}

/// Behind the envelopes, where nobody looks for keys any more.
#[tokio::test(flavor = "multi_thread")]
async fn threat_21_keys_at_the_end_of_a_pull_are_refused() {
    let mut world = World::new().await;
    world.laptop_edits_both().await;
    let (theirs, place) = (theirs(&world).await, world.phone.held().await.roster.seq());
    world.phone.wire.rewrites_pulls(move |frames| {
        let end = frames.len() - 1;
        frames.insert(end, Frame::SealedKey(SealedEpochKey { roster_seq: place, sealed: theirs.clone() }));
    });
    world.phone.fails_for_now("out of order, or too many").await;
}
