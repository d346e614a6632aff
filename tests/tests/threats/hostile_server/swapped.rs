use keyfold_client::api::Frame;
use keyfold_wire::v1;
use prost::Message;

use crate::world::World;

/// Every envelope of a pull under the other item's id, so that each is offered for the other.
fn swap_envelopes(frames: &mut [Frame]) {
    let envelopes = frames.iter_mut().filter_map(|frame| match frame {
        Frame::Envelope(envelope) => Some(envelope),
        _ => None,
    });
    let mut envelopes: Vec<&mut Vec<u8>> = envelopes.collect();
    let mut opened: Vec<_> = envelopes.iter().map(|bytes| v1::Envelope::decode(bytes.as_slice()).unwrap()).collect();
    let (first, second) = opened.split_at_mut(1);
    std::mem::swap(&mut first[0].item, &mut second[0].item);
    for (bytes, envelope) in envelopes.iter_mut().zip(opened) {
        **bytes = envelope.encode_to_vec();
    }
}

/// The two envelope hashes of a commit, exchanged.
fn swap_hashes(frames: &mut [Frame]) {
    for frame in frames {
        if let Frame::Commit(signed) = frame {
            let mut commit = v1::Commit::decode(signed.body.as_slice()).unwrap();
            let (first, second) = commit.changes.split_at_mut(1);
            std::mem::swap(&mut first[0].content, &mut second[0].content);
            signed.body = commit.encode_to_vec();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_01_envelopes_that_the_server_swaps_are_both_rejected() {
    let mut world = World::new().await;
    world.laptop_edits_both().await;
    world.phone.wire.rewrites_pulls(|frames| swap_envelopes(frames));
    world.phone.stops_for_now("withheld", "an envelope, and gives another").await;
    assert!(world.phone.sees().await.contains(&"mail.example \"new mail\"".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_01_envelopes_that_the_server_swaps_in_a_commit_are_both_rejected() {
    let mut world = World::new().await;
    let notary = world.notary().await;
    world.laptop_edits_both().await;
    world.phone.wire.rewrites_pulls(move |frames| {
        swap_hashes(frames);
        notary.signs_for(frames);
    });
    world.phone.stops_for_now("rule", "signature does not verify").await;
}

/// A device may write what it likes, and its name is on it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_01_envelopes_that_a_device_swaps_are_both_set_aside_under_its_name() {
    let world = World::new().await;
    let at = world.phone.now().await;
    let mail = world.phone.envelope(at, world.mail, "new mail").await;
    let bank = world.phone.envelope(at, world.bank, "new bank").await;
    world.phone.writes(at, vec![(world.mail, &bank), (world.bank, &mail)]).await;

    let report = world.laptop.syncs().await;
    assert_eq!(report.quarantined.len(), 2);
    assert!(report.quarantined.iter().all(|(_, fault)| fault.author == Some(world.phone.id())));
    let elsewhere = "but an envelope that belongs elsewhere";
    let seen = world.laptop.sees().await;
    assert_eq!(seen, [format!("bank.example \"\", {elsewhere}"), format!("mail.example \"\", {elsewhere}")]);
}

/// An item has one ciphertext: there are no two fields whose ciphertexts could be exchanged. A message that carries a
/// second one is no envelope, whoever wrote it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_02_an_envelope_with_a_second_ciphertext_is_none() {
    let world = World::new().await;
    let second = [vec![16], vec![7; 16]].concat();
    for (key, field) in [(0x52, "a field more"), (0x4a, "the ciphertext twice"), (0x7a, "one far away")] {
        let at = world.phone.now().await;
        let mut envelope = world.phone.envelope(at, world.mail, field).await;
        envelope.extend([vec![key], second.clone()].concat());
        world.phone.writes(at, vec![(world.mail, &envelope)]).await;
        world.phone.syncs().await;
        let report = world.laptop.syncs().await;
        let [(_, fault)] = report.quarantined.as_slice() else { panic!("{field} is taken: {report:?}") };
        assert_eq!(fault.reason, "not an envelope: not the canonical form of this message", "{field}");
    }
    assert!(world.laptop.sees().await[1].starts_with("mail.example \"\", but not an envelope"));
}
