//! Several servers on one PostgreSQL and one Redis are one, also while Redis is away.
//!
//! Time stands still unless a story lets it pass: what a replica knows does not grow old by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use keyfold_client::api::{Api, Hints, MemberApi};
use keyfold_tests::{
    Database, Redis,
    sdk::{Hosted, Member},
};
use tempfile::TempDir;

/// Two replicas behind one name.
async fn replicas(redis: &Redis) -> [Hosted; 2] {
    let folder = TempDir::new().unwrap();
    let database = Database::new(folder.path()).setting().expect("needs PostgreSQL: run tests/run e2e").to_owned();
    let replica = || {
        Hosted::start_with(|settings| {
            settings.public_url = Some("https://vault.example".to_owned());
            settings.sign_up = keyfold_server::config::SignUpSetting::Open;
            (settings.database, settings.redis) = (Some(database.clone()), Some(redis.url()));
        })
    };
    [replica().await, replica().await]
}

/// A device's listening, beside what its SDK does.
async fn listens(server: &Hosted, device: &Member) -> Hints {
    let account = device.vault().local().status().await.unwrap().account;
    let api = Api::new(server.url(), Arc::new(server.transport()), device.clock.clone());
    let hints = MemberApi::new(api, account, Arc::clone(device.vault().keys())).hints().await;
    hints.unwrap()
}

/// Waits for a hint; a listener that hears nothing would wait for as long as the server keeps its line open.
async fn hears(hints: &mut Hints) {
    let hint = tokio::time::timeout(Duration::from_secs(60), hints.next()).await;
    hint.expect("no hint comes").unwrap().expect("the stream ended");
}

/// Adds a passkey on one device, and sends it.
async fn pushes(device: &Member, site: &str) {
    device.add(site).await;
    assert_eq!(device.sync().await.items_pushed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_at_one_replica_is_heard_and_seen_at_the_other() {
    let redis = Redis::start();
    let [one, two] = replicas(&redis).await;
    let laptop = Member::founded(&one, "Ana's laptop").await;
    let phone = Member::enrolled(&two, "Ana's phone", &laptop).await;
    laptop.sync().await;
    let mut hints = listens(&two, &phone).await;
    for site in ["one.example", "two.example", "three.example"] {
        // What is looked at now is fresh for a second, which does not pass.
        one.time.pass(1);
        two.time.pass(1);
        let before = phone.engine.api().head().await.unwrap();
        pushes(&laptop, site).await;
        hears(&mut hints).await;
        assert_eq!(phone.engine.api().head().await.unwrap().vault_seq, before.vault_seq + 1);
        assert_eq!(phone.sync().await.items_pulled, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_away_all_is_written_and_seen_a_second_later_and_then_heard_again() {
    let mut redis = Redis::start();
    let [one, two] = replicas(&redis).await;
    let laptop = Member::founded(&one, "Ana's laptop").await;
    let phone = Member::enrolled(&two, "Ana's phone", &laptop).await;
    laptop.sync().await;
    let mut hints = listens(&two, &phone).await;
    redis.kill();
    for site in ["one.example", "two.example"] {
        phone.engine.api().head().await.unwrap();
        pushes(&laptop, site).await;
        two.time.pass(1_000);
        one.time.pass(1_000);
        assert_eq!(phone.sync().await.items_pulled, 1);
    }

    redis.restart();
    // There may have been words.
    hears(&mut hints).await;
    let mut listening = listens(&two, &phone).await;
    pushes(&laptop, "three.example").await;
    hears(&mut listening).await;
    assert_eq!(phone.sync().await.items_pulled, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_devices_on_two_replicas_commit_at_once_and_nothing_is_lost() {
    let redis = Redis::start();
    let servers = replicas(&redis).await;
    let first = Member::founded(&servers[0], "Device 0").await;
    let mut devices = vec![first];
    for number in 1..16 {
        let device = Member::let_in(&servers[number % 2], &format!("Device {number}"), &devices[0]).await;
        devices.push(device);
    }
    for device in &devices {
        device.sync().await;
    }
    let devices: Vec<_> = devices.into_iter().map(Arc::new).collect();
    let mut pushing = tokio::task::JoinSet::new();
    for (number, device) in devices.iter().enumerate() {
        let device = Arc::clone(device);
        pushing.spawn(async move {
            for round in 0..5 {
                device.add(&format!("site-{number}-{round}.example")).await;
                while let Err(error) = device.engine.sync().await {
                    assert!(matches!(error, keyfold_client::sync::SyncError::Busy), "{error}");
                }
            }
        });
    }
    while let Some(ended) = pushing.join_next().await {
        ended.unwrap();
    }
    for device in &devices {
        for server in &servers {
            server.time.pass(1_000);
        }
        device.sync().await;
        assert_eq!(device.acknowledged().await.len(), 80);
    }
}
