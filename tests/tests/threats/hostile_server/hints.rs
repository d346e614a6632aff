use std::{
    future::Future,
    sync::{Arc, Mutex},
};

use keyfold_client::{
    api::Frame,
    sync::{SyncError, SyncReport, WatchEvent},
};
use tokio::sync::Notify;

use crate::world::{Device, World};

/// What a watch has told so far.
#[derive(Clone, Default)]
struct Told {
    reports: Arc<Mutex<Vec<SyncReport>>>,
    more: Arc<Notify>,
}

impl Told {
    /// Watches as long as the script goes, or until the watch ends by itself.
    async fn watch(&self, device: &Device, script: impl Future<Output = ()>) -> Option<SyncError> {
        let told = self.clone();
        let watch = device.engine.watch(move |event| {
            let WatchEvent::Synced(report) = event else { panic!("{event:?}") };
            told.reports.lock().unwrap().push(report);
            told.more.notify_one();
        });
        tokio::select! {
            ended = Box::pin(watch) => ended.err(),
            () = script => None,
        }
    }

    /// Until so many syncs have been told.
    async fn syncs(&self, count: usize) {
        while self.reports.lock().unwrap().len() < count {
            self.more.notified().await;
        }
    }

    fn reports(&self) -> Vec<SyncReport> {
        self.reports.lock().unwrap().clone()
    }
}

/// Heads, items and orders that no server has a say in.
const FORGED: [&str; 5] = [
    "data: moved\n\n",
    "event: moved\ndata: {\"vault_seq\": 999, \"vault_head\": \"00\"}\n\n",
    "event: erase\ndata: everything\n\n",
    "id: 7\nretry: 1\ndata: moved\n\ndata: moved\n\ndata: moved\n\n",
    "data: moved\n\n",
];

#[tokio::test(flavor = "multi_thread")]
async fn threat_23_forged_and_repeated_hints_cause_a_pull_and_change_nothing() {
    let world = World::new().await;
    world.phone.syncs().await;
    let kept = world.phone.kept().await;
    let (hints, told) = (world.phone.wire.forges_hints(), Told::default());
    let script = async {
        for (syncs, forged) in (1..).zip(FORGED) {
            told.syncs(syncs).await;
            hints.send(forged).unwrap();
        }
        told.syncs(1 + FORGED.len()).await;
    };
    assert!(told.watch(&world.phone, script).await.is_none());
    assert_eq!(told.reports(), vec![SyncReport::default(); 1 + FORGED.len()]);
    assert_eq!(world.phone.kept().await, kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_23_hints_that_are_withheld_withhold_nothing() {
    let world = World::new().await;
    let (_no_hints, told) = (world.phone.wire.forges_hints(), Told::default());
    world.laptop_edits_both().await;
    assert!(told.watch(&world.phone, told.syncs(1)).await.is_none());
    assert_eq!(told.reports()[0].items_pulled, 2, "with the pull that every watch begins with");
    world.laptop.labels(world.mail, "newer mail").await;
    world.laptop.syncs().await;
    assert_eq!(world.phone.syncs().await.items_pulled, 1, "or with the next sync");
}

/// A watch goes on while another process of this profile is not given what the history names, and stops; a hint is not the user's
/// word that it may go on.
#[tokio::test(flavor = "multi_thread")]
async fn threat_23_a_hint_sets_nothing_going_that_was_stopped() {
    let world = World::new().await;
    world.phone.syncs().await;
    let (hints, told) = (world.phone.wire.forges_hints(), Told::default());
    let script = async {
        told.syncs(1).await;
        world.laptop_edits_both().await;
        let (engine, wire) = world.phone.in_another_process(&world.home).await;
        wire.rewrites_pulls(|frames| frames.retain(|frame| !matches!(frame, Frame::Envelope(_))));
        assert!(matches!(Box::pin(engine.sync()).await, Err(SyncError::Stopped(_))));
        hints.send("data: moved\n\n").unwrap();
        told.syncs(2).await;
    };
    let ended = told.watch(&world.phone, script).await;
    assert!(matches!(&ended, Some(SyncError::Stopped(stop)) if stop.code == "withheld"), "it went on: {ended:?}");
}
