use std::collections::HashMap;

use keyfold_client::{storage::OutboxKind, sync::SyncError, vault::VaultError};
use keyfold_crypto::{Hash, epoch::Epochs};
use keyfold_ledger::Entry;
use keyfold_wire::v1::AppendEntry;
use prost::Message;

use crate::world::{Device, Interruption, Span, World};

/// Each request of a rotation in turn never arrives, or its answer is lost or breaks: once, or from there on.
#[tokio::test(flavor = "multi_thread")]
async fn threat_25_a_rotation_whose_requests_and_answers_are_lost_leaves_everything_readable() {
    let mut world = World::new().await;
    for what in [Interruption::RequestLost, Interruption::AnswerLost, Interruption::AnswerBroken] {
        for span in [Span::One, Span::FromThereOn] {
            for request in 0.. {
                world.laptop.wire.interrupts("", request, what, span);
                // It may come to its end or not.
                let _ = Box::pin(world.laptop.engine.rotate()).await;
                let was_interrupted = world.laptop.wire.heals();
                world.laptop.restart().await;
                all_is_well(&world, &format!("{what:?} {span:?} {request}")).await;
                if !was_interrupted {
                    assert!(request > 1, "a rotation pulls and appends");
                    break;
                }
            }
        }
    }
}

/// Its process is killed at each request, before the server hears of it or after it has acted. What it stored is opened anew.
#[tokio::test(flavor = "multi_thread")]
async fn threat_25_a_rotation_whose_device_dies_at_any_step_leaves_everything_readable() {
    let mut world = World::new().await;
    for what in [Interruption::HeldBefore, Interruption::HeldAfter] {
        for request in 0.. {
            world.laptop.wire.interrupts("", request, what, Span::One);
            let died = tokio::select! {
                done = Box::pin(world.laptop.engine.rotate()) => { done.unwrap(); false }
                () = world.laptop.wire.holds() => true,
            };
            world.laptop.wire.heals();
            world.laptop.restart().await;
            all_is_well(&world, &format!("{what:?} {request}")).await;
            if !died {
                assert!(request > 1, "a rotation pulls and appends");
                break;
            }
        }
    }
}

/// An entry that did not arrive is sent again as it was, by the next sync of the next process; one that stands is not.
#[tokio::test(flavor = "multi_thread")]
async fn threat_25_a_rotation_that_did_not_arrive_is_sent_again_as_the_same_bytes() {
    let mut world = World::new().await;
    for (what, again) in [(Interruption::RequestLost, 1), (Interruption::AnswerLost, 0)] {
        let epoch = world.laptop.held().await.roster.epoch().number;
        world.laptop.wire.interrupts("/v1/roster", 0, what, Span::FromThereOn);
        assert!(Box::pin(world.laptop.engine.rotate()).await.is_err(), "{what:?}");
        world.laptop.wire.heals();
        let (sent, writes) = (world.laptop.wire.last_sent("/v1/roster"), world.laptop.wire.writes());
        world.laptop.restart().await;
        world.laptop.syncs().await;
        assert_eq!(world.laptop.wire.last_sent("/v1/roster"), sent, "{what:?}");
        // And a commit that encrypts anew.
        assert_eq!(world.laptop.wire.writes(), writes + again + 1, "{what:?}");
        assert_eq!(world.laptop.held().await.roster.epoch().number, epoch + 1, "{what:?}");
        all_is_well(&world, &format!("{what:?}")).await;
    }
}

/// While the entry is on its way the phone writes a passkey, names a device, or rotates itself.
#[tokio::test(flavor = "multi_thread")]
async fn threat_25_a_rotation_that_another_device_comes_before_is_made_anew_with_another_key() {
    let world = World::new().await;
    for (case, writes) in ["a passkey", "a name", "a rotation"].into_iter().enumerate() {
        let epoch = world.laptop.held().await.roster.epoch().number;
        world.laptop.wire.interrupts("/v1/roster", 0, Interruption::HeldBefore, Span::One);
        let meanwhile = async {
            world.laptop.wire.holds().await;
            match case {
                0 => {
                    world.phone.labels(world.mail, "meanwhile").await;
                    world.phone.syncs().await;
                }
                1 => {
                    let name = "meanwhile".parse().unwrap();
                    world.phone.engine.rename_device(world.phone.id(), &name).await.unwrap();
                }
                _ => world.phone.engine.rotate().await.unwrap(),
            }
            world.laptop.wire.lets_go();
        };
        let (rotated, ()) = tokio::join!(Box::pin(world.laptop.engine.rotate()), Box::pin(meanwhile));
        rotated.unwrap();
        world.laptop.wire.heals();
        let epochs = world.laptop.held().await.roster.epoch().number - epoch;
        assert_eq!(epochs, if case == 2 { 2 } else { 1 }, "{writes}");
        all_is_well(&world, writes).await;
    }
}

/// The device dies with its rotation unsent, and the phone goes on: what waited can never stand, and is given up.
#[tokio::test(flavor = "multi_thread")]
async fn threat_25_a_rotation_that_came_too_late_is_given_up() {
    let mut world = World::new().await;
    world.laptop.wire.interrupts("/v1/roster", 0, Interruption::HeldBefore, Span::One);
    tokio::select! {
        done = Box::pin(world.laptop.engine.rotate()) => panic!("it was not held: {done:?}"),
        () = world.laptop.wire.holds() => {}
    }
    world.laptop.wire.heals();
    assert!(world.laptop.vault().local().storage().outbox(OutboxKind::Roster).await.unwrap().is_some());
    world.phone.labels(world.mail, "meanwhile").await;
    world.phone.syncs().await;
    let sent = world.laptop.wire.writes();
    world.laptop.restart().await;
    world.laptop.syncs().await;
    assert_eq!(world.laptop.wire.writes(), sent, "it was sent, though it cannot stand");
    all_is_well(&world, "given up").await;
    world.laptop.engine.rotate().await.unwrap();
    all_is_well(&world, "rotated after all").await;
}

/// A server was restored, and whoever ends the wait is interrupted: they say so again.
#[tokio::test(flavor = "multi_thread")]
async fn threat_25_the_end_of_a_wait_for_offers_may_be_interrupted() {
    let mut world = World::new().await;
    for what in [Interruption::RequestLost, Interruption::AnswerLost] {
        for request in 0.. {
            let backup = world.home.backs_up().await;
            world.home.is_restored(&backup).await;
            std::fs::remove_file(&backup).unwrap();
            world.laptop.wire.interrupts("", request, what, Span::FromThereOn);
            let ended = Box::pin(world.laptop.engine.end_offers()).await;
            let was_interrupted = world.laptop.wire.heals();
            assert_eq!(ended.is_err(), was_interrupted, "{what:?} {request}: {ended:?}");
            world.laptop.restart().await;
            Box::pin(world.laptop.engine.end_offers()).await.unwrap();
            all_is_well(&world, &format!("{what:?} {request}")).await;
            if !was_interrupted {
                break;
            }
        }
    }
}

/// The phone was removed while the rotation waited: no key is sealed to it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_25_a_rotation_that_a_removal_comes_before_is_not_for_the_removed_device() {
    let mut world = World::new().await;
    let (wire, tablet) = (world.laptop.wire.clone(), crate::world::enrolled(&world.home, &world.laptop).await);
    tablet.syncs().await;
    world.phone.syncs().await;
    wire.interrupts("/v1/roster", 0, Interruption::HeldBefore, Span::One);
    let meanwhile = async {
        wire.holds().await;
        tablet.removes(world.phone.id()).await;
        wire.lets_go();
    };
    let (rotated, ()) = tokio::join!(Box::pin(world.laptop.engine.rotate()), Box::pin(meanwhile));
    rotated.unwrap();
    let held = world.laptop.held().await;
    let latest = held.entries.iter().rev().find_map(Entry::rotation).unwrap();
    let recipients: Vec<_> = latest.sealed.iter().map(|(member, _)| *member).collect();
    assert_eq!(recipients, held.roster.members().keys().copied().collect::<Vec<_>>());
    assert!(!recipients.contains(&world.phone.id()));
    let refused = Box::pin(world.phone.engine.sync()).await.unwrap_err();
    assert!(matches!(&refused, SyncError::Vault(VaultError::Removed(_))), "{refused}");
    world.phone = tablet;
    all_is_well(&world, "after a removal").await;
}

/// Both devices read and write everything, open every epoch, and nothing waits.
async fn all_is_well(world: &World, when: &str) {
    let World { laptop, phone, .. } = world;
    laptop.labels(world.mail, &format!("{when}, by the laptop")).await;
    laptop.syncs().await;
    phone.labels(world.bank, &format!("{when}, by the phone")).await;
    phone.syncs().await;
    laptop.syncs().await;
    let expected = [
        format!("bank.example {:?}", format!("{when}, by the phone")),
        format!("mail.example {:?}", format!("{when}, by the laptop")),
    ];
    for device in [laptop, phone] {
        assert_eq!(device.sees().await, expected, "{when}");
        opens_every_epoch(device).await;
        let waits = device.vault().local().storage().outbox(OutboxKind::Roster).await.unwrap();
        assert!(waits.is_none(), "{when}");
    }
    has_a_key_for_each_entry(laptop);
}

/// Its own sealed key opens the latest epoch, and links lead from there to every one before.
async fn opens_every_epoch(device: &Device) {
    let (held, links) = (device.held().await, device.vault().local().storage().chains().await.unwrap().links);
    let (account, (mut epoch, mut key)) = (held.roster.account(), device.epoch_key().await);
    while epoch > 1 {
        let began = held.roster.epochs().iter().find(|began| began.number == epoch).unwrap();
        let link = links.iter().find(|link| link.roster_seq == began.seq).unwrap();
        let earlier = held.roster.epochs().iter().find(|earlier| earlier.number == link.epoch).unwrap();
        let epochs = Epochs { epoch, earlier: earlier.number };
        key = key.open_link(&account, epochs, &earlier.commitment, &link.sealed).unwrap();
        epoch = earlier.number;
    }
}

/// No epoch key was ever sent under two entries.
fn has_a_key_for_each_entry(device: &Device) {
    let mut sent: HashMap<Hash, Vec<u8>> = HashMap::new();
    for request in device.wire.seen().into_iter().filter(|request| request.path == "/v1/roster") {
        let message = AppendEntry::decode(request.body.as_slice()).unwrap();
        let entry = Entry::parse(&message.entry.unwrap()).unwrap();
        let Some(rotation) = entry.rotation() else { continue };
        let before = sent.insert(rotation.commitment, request.body.clone());
        assert!(before.is_none_or(|before| before == request.body), "an epoch key under two entries");
    }
}
