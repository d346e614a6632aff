//! Devices that write at the same moment.

use std::sync::Arc;

use keyfold_tests::sdk::{Exchange, Hosted, Member, Mishap};
use keyfold_wire::v1::{Accepted, Problem, ProblemCode};
use prost::Message;
use tokio::{sync::Barrier, task::JoinSet};

const DEVICES: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_devices_that_commit_at_once_one_wins_and_the_others_pull_and_succeed() {
    let server = Hosted::start().await;
    let devices = sixteen(&server).await;
    let all_have_pulled = Arc::new(Barrier::new(DEVICES));
    for (number, device) in devices.iter().enumerate() {
        device.add(&format!("site{number}.example")).await;
        device.wire.lay("/v1/commits", Mishap::Held(Arc::clone(&all_have_pulled)));
    }
    let devices = at_once(devices).await;

    let first: Vec<Exchange> = devices.iter().map(|device| device.wire.exchanges("/v1/commits").remove(0)).collect();
    let (won, lost): (Vec<_>, Vec<_>) = first.iter().partition(|exchange| exchange.status == 200);
    assert_eq!((won.len(), lost.len()), (1, DEVICES - 1));
    let winner = Accepted::decode(won[0].answer.as_slice()).unwrap().heads.unwrap();
    assert_eq!(winner.vault_seq, 1);
    for refused in lost {
        let problem = Problem::decode(refused.answer.as_slice()).unwrap();
        assert_eq!((refused.status, problem.code()), (409, ProblemCode::HeadMoved));
        assert!(problem.heads.unwrap().vault_seq >= 1, "it says where the server stands");
    }

    let accepted = devices.iter().flat_map(|device| device.wire.exchanges("/v1/commits"));
    let accepted = accepted.filter(|exchange| exchange.status == 200).count();
    assert_eq!(accepted, DEVICES, "each device's commit stands once");
    everyone_has(&devices, DEVICES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_edits_of_one_item_at_once_are_merged_field_by_field() {
    use keyfold_client::item::FieldTag;
    let server = Hosted::start().await;
    let devices = sixteen(&server).await;
    let item = devices[0].add("shop.example").await;
    devices[0].sync().await;
    let all_have_pulled = Arc::new(Barrier::new(DEVICES));
    for (number, device) in devices.iter().enumerate() {
        device.sync().await;
        server.time.pass(1);
        let tag = if number % 2 == 0 { FieldTag::Label } else { FieldTag::UserName };
        device.vault().set(item, tag, format!("by device {number}").into_bytes()).await.unwrap();
        device.wire.lay("/v1/commits", Mishap::Held(Arc::clone(&all_have_pulled)));
    }
    let devices = at_once(devices).await;

    everyone_has(&devices, 1).await;
    let held = devices[0].acknowledged().await.remove(0).1;
    assert_eq!(held.fields.text(FieldTag::Label), "by device 14", "the last to set it");
    assert_eq!(held.fields.text(FieldTag::UserName), "by device 15");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_pushes_in_a_row_are_never_refused() {
    let server = Hosted::start().await;
    let a = Member::founded(&server, "laptop").await;
    let item = a.add("shop.example").await;
    for number in 0..100 {
        a.label(item, &format!("name {number}")).await;
        assert_eq!(a.sync().await.items_pushed, 1);
    }
    let pushes = a.wire.exchanges("/v1/commits");
    assert_eq!(pushes.len(), 100);
    let refused: Vec<_> = a.wire.exchanges("/").into_iter().filter(|exchange| exchange.status >= 300).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(Accepted::decode(pushes[99].answer.as_slice()).unwrap().heads.unwrap().vault_seq, 100);
}

/// An account with sixteen devices that stand at the same heads.
async fn sixteen(server: &Hosted) -> Vec<Member> {
    let mut devices = vec![Member::founded(server, "device 0").await];
    for number in 1..DEVICES {
        devices.push(Member::let_in(server, &format!("device {number}"), &devices[0]).await);
    }
    for device in &devices {
        device.sync().await;
    }
    devices
}

/// Syncs all devices at the same time.
async fn at_once(devices: Vec<Member>) -> Vec<Member> {
    let mut syncs = JoinSet::new();
    for (number, device) in devices.into_iter().enumerate() {
        syncs.spawn(async move {
            device.sync().await;
            (number, device)
        });
    }
    let mut synced = syncs.join_all().await;
    synced.sort_by_key(|(number, _)| *number);
    synced.into_iter().map(|(_, device)| device).collect()
}

async fn everyone_has(devices: &[Member], items: usize) {
    devices[0].sync().await;
    let held = devices[0].acknowledged().await;
    assert_eq!(held.len(), items);
    for device in devices {
        device.sync().await;
        assert_eq!(device.acknowledged().await, held);
    }
}
