//! Several servers on one PostgreSQL and one Redis are one, also while Redis is away.
//!
//! Time stands still unless a story lets it pass: what a replica knows does not grow old by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../e2e_crashes/device.rs"]
mod device;
mod killed;
#[path = "../e2e_crashes/record.rs"]
mod record;
#[path = "../e2e_crashes/story.rs"]
mod story;

use std::{sync::Arc, time::Duration};

use keyfold_client::{
    SystemClock,
    api::{Api, Hints, MemberApi},
};
use keyfold_server::config::{Settings, SignUpSetting};
use keyfold_tests::{
    Database, Redis,
    sdk::{Hosted, Member},
};
use keyfold_wire::v1::{BeginEnrolment, Heads, ProblemCode};
use prost::Message;
use tempfile::TempDir;

/// Two replicas behind one name.
async fn replicas(redis: &Redis) -> [Hosted; 2] {
    replicas_with(redis, |_| {}).await
}

/// The same, set otherwise than by default.
async fn replicas_with(redis: &Redis, set: impl Fn(&mut Settings)) -> [Hosted; 2] {
    let folder = TempDir::new().unwrap();
    let database = Database::new(folder.path()).setting().expect("needs PostgreSQL: run tests/run e2e").to_owned();
    let replica = || {
        Hosted::start_with(|settings| {
            set(settings);
            settings.public_url = Some("https://vault.example".to_owned());
            settings.sign_up = SignUpSetting::Open;
            settings.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
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

/// Waits until a server's metrics say this.
async fn tells(server: &Hosted, line: &str) {
    let told = async { while !server.metrics().await.lines().any(|told| told == line) {} };
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    told.unwrap_or_else(|_| panic!("{line} is never told"));
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
async fn a_server_tells_that_its_redis_is_away_and_back() {
    let mut redis = Redis::start();
    let servers = replicas(&redis).await;
    for line in ["keyfold_bus_up 1", "keyfold_bus_up 0", "keyfold_bus_up 1"] {
        for server in &servers {
            tells(server, line).await;
            tells(server, "keyfold_database_up 1").await;
        }
        if line.ends_with('1') { redis.kill() } else { redis.restart() }
    }
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

/// What it has open ends, wherever that is; without words between the replicas a second is enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_removed_device_is_cut_off_at_every_replica_also_while_redis_is_away() {
    let mut redis = Redis::start();
    let servers = replicas(&redis).await;
    let laptop = Member::founded(&servers[0], "Ana's laptop").await;
    for redis_is_there in [true, false] {
        let thief = Member::enrolled(&servers[1], "A stolen phone", &laptop).await;
        laptop.sync().await;
        let mut open = [listens(&servers[0], &thief).await, listens(&servers[1], &thief).await];
        if !redis_is_there {
            redis.kill();
            tells(&servers[1], "keyfold_bus_up 0").await;
        }
        laptop.engine.remove_devices(&[thief.vault().keys().id()]).await.unwrap();
        for server in &servers {
            server.time.pass(1_000);
        }
        for hints in &mut open {
            let ended = async { while matches!(hints.next().await, Ok(Some(_))) {} };
            // Much longer than it may take, and shorter than it would take without being told.
            tokio::time::timeout(Duration::from_secs(6), ended).await.expect("it is still open");
        }
        for server in &servers {
            let account = laptop.vault().local().profile().account;
            let api = Api::new(server.url(), Arc::new(server.transport()), thief.clock.clone());
            let api = MemberApi::new(api, account, Arc::clone(thief.vault().keys()));
            assert_eq!(api.head().await.unwrap_err().code(), Some(ProblemCode::NotAMember));
        }
    }
}

/// Who asks one replica and then the other has asked twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_limited_over_all_replicas_together_and_without_redis_by_each() {
    let mut redis = Redis::start();
    let few = |settings: &mut Settings| settings.rates.anonymous_per_minute = 20;
    let taken = taken_of_60(&replicas_with(&redis, few).await).await;
    assert!((20..24).contains(&taken), "{taken}: those of a minute, and what came due meanwhile");

    let replicas = replicas_with(&redis, few).await;
    redis.kill();
    let taken = taken_of_60(&replicas).await;
    assert!((40..48).contains(&taken), "{taken}: each counts by itself");
}

/// How many of so many requests without a session, in turn at one and the other, are not too many.
async fn taken_of_60(replicas: &[Hosted; 2]) -> usize {
    let mut taken = 0;
    for server in replicas.iter().cycle().take(60) {
        let api = Api::new(server.url(), Arc::new(server.transport()), Arc::new(SystemClock));
        let begun = api.begin_enrolment(&BeginEnrolment { commitment: vec![1; 32] }).await;
        taken += usize::from(!matches!(begun, Err(error) if error.code() == Some(ProblemCode::RateLimited)));
    }
    taken
}

/// The database is asked by one replica for both; and what Redis says is told only where it is the server's own word.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_has_seen_the_other_need_not_look_up_and_takes_from_nobody_else() {
    let redis = Redis::start();
    let [one, two] = replicas(&redis).await;
    let laptop = Member::founded(&one, "Ana's laptop").await;
    let phone = Member::enrolled(&two, "Ana's phone", &laptop).await;
    pushes(&laptop, "one.example").await;
    let expected = laptop.engine.api().head().await.unwrap();
    let account = laptop.vault().local().status().await.unwrap().account;
    let key = format!("keyfold:head:{account}");
    let put = |heads: &Heads| {
        let heads = heads.encode_to_vec();
        redis.says(&[b"HSET", key.as_bytes(), b"order", b"1000", b"heads", &heads]);
        redis.says(&[b"PEXPIRE", key.as_bytes(), b"1000"]);
        two.time.pass(1_000);
    };

    one.run_on_the_database("UPDATE accounts SET vault_seq = 0").await;
    // What is put there grows old within a second, however busy this machine is; the database never says this.
    let mut told = false;
    for _ in 0..20 {
        put(&expected);
        told = told || phone.engine.api().head().await.unwrap() == expected;
    }
    assert!(told, "the database was asked");

    one.run_on_the_database("UPDATE accounts SET vault_seq = 1").await;
    put(&Heads { vault_seq: 9, ..expected.clone() });
    assert_eq!(phone.engine.api().head().await.unwrap(), expected, "there is no receipt for it");
}
