//! The server is killed again and again while sixteen devices write, each of which may lose its own process as well.
//!
//! The checker keeps its own record of what was answered, beside the devices, and holds it against the chains in the end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod acknowledged;
mod device;
mod record;

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use keyfold_crypto::random;
use keyfold_tests::Server;
use tokio::task::JoinSet;

use self::{
    device::Device,
    record::{Record, histories_hold},
};

/// Accounts, and devices of each.
const ACCOUNTS: usize = 4;
const DEVICES: usize = 4;
/// Kills of the server in a plain run; `KEYFOLD_KILLS` says otherwise.
const KILLS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_and_nothing_half_is_seen_however_often_the_server_is_killed() {
    let kills = env::var("KEYFOLD_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));
    // Sixteen devices are more than one address's rate for sessions, each of which is opened anew after a kill.
    let settings = [("KEYFOLD_RATES__ANONYMOUS_PER_MINUTE", "1000000"), ("KEYFOLD_RATES__DEVICE_PER_SECOND", "100000")];
    let mut server = Server::start_with(keyfold_tests::ServerOptions::with(settings));
    let record = Arc::new(Record::default());
    let mut devices = Vec::new();
    for account in 0..ACCOUNTS {
        let first = Device::founded(&server, &record, account).await;
        for _ in 1..DEVICES {
            devices.push(first.lets_in(&server, &record).await);
        }
        devices.push(first);
    }

    let enough = Arc::new(AtomicBool::new(false));
    let mut writing = JoinSet::new();
    for device in devices {
        let enough = Arc::clone(&enough);
        writing.spawn(async move {
            let mut device = device;
            while !enough.load(Ordering::SeqCst) {
                device = device.writes().await;
            }
            device
        });
    }
    for _ in 0..kills {
        // So many requests after it is back, whatever becomes of them: at any moment of any of them.
        let more = 1 + usize::from(random::bytes::<1>(&mut random::system())[0]) / 8;
        let came = tokio::time::timeout(Duration::from_secs(120), record.requests(more)).await;
        came.expect("the devices go on by themselves");
        tokio::task::block_in_place(|| {
            server.kill();
            server.restart();
        });
    }
    enough.store(true, Ordering::SeqCst);
    let devices: Vec<Device> = tokio::time::timeout(Duration::from_secs(600), writing.join_all())
        .await
        .expect("the devices go on by themselves");

    assert!(record.acknowledged() >= kills, "hardly anything was written: {}", record.acknowledged());
    // Each sends what it has, and then takes what the others sent.
    for device in devices.iter().chain(&devices) {
        device.ends().await;
    }
    let mut accounts: BTreeMap<_, Vec<Device>> = BTreeMap::new();
    for device in devices {
        accounts.entry(device.account()).or_default().push(device);
    }
    assert_eq!(accounts.len(), ACCOUNTS);
    for devices in accounts.values() {
        histories_hold(devices, &record).await;
    }
}
