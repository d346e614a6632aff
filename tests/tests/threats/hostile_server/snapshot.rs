use keyfold_client::api::Frame;
use keyfold_crypto::envelope::envelope_hash;
use keyfold_wire::v1::Element;

use crate::world::{Device, Home, World, enrolled};

const NOT_ITS_ITEMS: &str = "snapshot's items are not those of its commit";

fn elements(frames: &mut [Frame]) -> impl Iterator<Item = &mut Element> {
    frames.iter_mut().filter_map(|frame| match frame {
        Frame::Element(element) => Some(element),
        _ => None,
    })
}

/// The tablet was let in at the account's last commit; what it is shown of that is changed.
#[tokio::test(flavor = "multi_thread")]
async fn threat_04_an_element_that_the_server_changes_is_noticed() {
    let world = World::new().await;
    world.laptop_edits_both().await;
    let changes: [fn(&mut Element); 5] = [
        |element| element.revision += 1,
        |element| element.revision -= 1,
        |element| element.tombstone = true,
        |element| (element.tombstone, element.envelope_hash) = (true, vec![0; 32]),
        |element| element.item[0] ^= 1,
    ];
    let mut tablet = enrolled(&world.home, &world.laptop).await;
    for change in changes {
        tablet.wire.rewrites_pulls(move |frames| change(elements(frames).next().unwrap()));
        tablet.stops("rule", NOT_ITS_ITEMS).await;
        tablet.engine.resume().await.unwrap();
    }
    tablet.syncs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_16_an_element_that_is_left_out_or_doubled_is_noticed() {
    let world = World::new().await;
    let mut tablet = enrolled(&world.home, &world.laptop).await;
    let place = |frames: &[Frame]| frames.iter().position(|frame| matches!(frame, Frame::Element(_))).unwrap();
    tablet.wire.rewrites_pulls(move |frames| drop(frames.remove(place(frames))));
    tablet.stops("rule", NOT_ITS_ITEMS).await;
    tablet.engine.resume().await.unwrap();
    tablet.wire.rewrites_pulls(move |frames| frames.insert(place(frames), frames[place(frames)].clone()));
    tablet.stops_for_now("rule", NOT_ITS_ITEMS).await;
}

/// A device that was let in before the first commit begins with nothing: no element is the server's to bring.
#[tokio::test(flavor = "multi_thread")]
async fn threat_16_a_vault_that_was_empty_is_not_filled_by_the_server() {
    let home = Home::start().await;
    let laptop = Device::founded(&home, "Ana's laptop").await;
    let mut phone = enrolled(&home, &laptop).await;
    laptop.makes("mail.example").await;
    laptop.syncs().await;
    let envelope = b"what the server would have the phone keep".to_vec();
    let hash = envelope_hash(&envelope).to_vec();
    phone.wire.rewrites_pulls(move |frames| {
        let commits = frames.iter().position(|frame| matches!(frame, Frame::Commit(_))).unwrap();
        let element = Element { item: vec![9; 16], revision: 1, envelope_hash: hash.clone(), tombstone: false };
        frames.insert(commits, Frame::Element(element));
        let end = frames.len() - 1;
        frames.insert(end, Frame::Envelope(envelope.clone()));
    });
    phone.stops_for_now("rule", NOT_ITS_ITEMS).await;
    assert_eq!(phone.sees().await, ["mail.example \"\"", "unsent.example \"\""]);
}

/// What a device knows that has not synced for a while, as the server could show it to a new one.
async fn as_the_phone_knows_it(world: &World, snapshot: &mut Vec<Frame>) {
    let items = world.phone.vault().local().storage().items().await.unwrap();
    let first = world.laptop.everything().await.into_iter().find(|frame| matches!(frame, Frame::Commit(_))).unwrap();
    snapshot.retain(|frame| matches!(frame, Frame::Heads(_) | Frame::Entry(_) | Frame::SealedKey(_)));
    snapshot.extend(items.iter().map(|item| Frame::Element(item.element.to_wire())));
    snapshot.push(first);
    snapshot.extend(items.iter().map(|item| Frame::Envelope(item.shown.as_ref().unwrap().envelope.clone())));
    snapshot.push(Frame::End(keyfold_wire::v1::PullEnd { moved: false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_17_a_new_device_takes_no_older_vault_than_its_approver_knows() {
    let world = World::new().await;
    let notary = world.notary().await;
    world.laptop_edits_both().await;
    let mut tablet = enrolled(&world.home, &world.laptop).await;
    let mut older = tablet.everything().await;
    as_the_phone_knows_it(&world, &mut older).await;
    notary.signs_for(&mut older);
    tablet.wire.rewrites_pulls(move |frames| *frames = older.clone());
    tablet.stops_for_now("rule", "does not follow the vault's head").await;
    assert_eq!(tablet.sees().await[..2], ["bank.example \"new bank\"", "mail.example \"new mail\""]);
}
