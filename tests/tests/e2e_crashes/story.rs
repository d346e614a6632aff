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

use crate::{
    device::Device,
    record::{Record, histories_hold},
};

/// Sixteen devices of four accounts write, while one of the servers after the other is killed and comes back, each at any
/// moment; then everything that was answered must be there, and whole.
pub(crate) async fn nothing_is_lost(mut servers: Vec<Server>) {
    let kills = env::var("KEYFOLD_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));
    let record = Arc::new(Record::default());
    let mut devices = Vec::new();
    for account in 0..ACCOUNTS {
        let first = Device::founded(&servers, &record, account).await;
        for _ in 1..DEVICES {
            devices.push(first.lets_in(&servers, &record).await);
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
    for kill in 0..kills {
        let which = kill % servers.len();
        // So many requests after it is back, whatever becomes of them: at any moment of any of them.
        requests(&record).await;
        tokio::task::block_in_place(|| servers[which].kill());
        if servers.len() > 1 {
            // The others go on without it.
            requests(&record).await;
        }
        tokio::task::block_in_place(|| servers[which].restart());
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

async fn requests(record: &Record) {
    let more = 1 + usize::from(random::bytes::<1>(&mut random::system())[0]) / 8;
    let came = tokio::time::timeout(Duration::from_secs(120), record.requests(more)).await;
    came.expect("the devices go on by themselves");
}

/// Accounts, and devices of each.
const ACCOUNTS: usize = 4;
const DEVICES: usize = 4;
/// Kills of a server in a plain run; `KEYFOLD_KILLS` says otherwise.
const KILLS: usize = 100;
