//! A recovery code, and a server that would lead it astray.

use std::{sync::Arc, time::Duration};

use keyfold_client::{
    RecoveryCode, SigningAlgorithm,
    api::Api,
    recovery::{FoundAccount, NewcomerByCode, RecoverError},
    storage::{SqliteStorage, Storage},
    sync::Quiet,
};
use keyfold_crypto::{
    random,
    session::{SessionId, SessionSecret},
};
use keyfold_wire::v1::{RecoveryFound, SessionOpened};
use prost::Message;

use crate::world::{Device, Reply, Wire, World, bytes, passphrase};

/// A machine that has nothing but a code and a way to the server.
struct Stranded {
    wire: Arc<Wire>,
    api: Api,
    code: RecoveryCode,
}

impl Stranded {
    async fn with_the_code_of(world: &World, delay: Duration) -> Self {
        let code = RecoveryCode::generate(&mut random::system());
        world.laptop.engine.add_recovery(&code, delay).await.unwrap();
        let wire = Wire::to(&world.home);
        wire.lets_brief_pass();
        let api = Api::new(world.home.url(), Arc::clone(&wire) as _, world.laptop.clock.clone());
        Self { wire, api, code }
    }

    async fn looks(&self) -> Result<FoundAccount, RecoverError> {
        Box::pin(FoundAccount::find(&self.api, &self.code, Arc::new(Quiet))).await
    }
}

/// The server says that it is Mallory's account, opens a session for whoever asks, and gives all of her history, which is in
/// order and signed by its own key.
#[tokio::test(flavor = "multi_thread")]
async fn threat_recovery_a_code_that_is_led_into_another_account_changes_nothing() {
    let world = World::new().await;
    let stranded = Stranded::with_the_code_of(&world, Duration::ZERO).await;
    let mallory = Device::founded(&world.home, "Mallory's laptop").await;
    let hers = RecoveryCode::generate(&mut random::system());
    mallory.engine.add_recovery(&hers, Duration::ZERO).await.unwrap();
    mallory.makes("bait.example").await;
    mallory.syncs().await;
    let account = mallory.held().await.roster.account();
    let history = bytes(mallory.everything().await);
    let session = SessionId { kid: 1, account, device: mallory.id(), expires_at: u64::MAX / 2, random: [7; 8] };
    let secret = SessionSecret::try_from([7; 32].as_slice()).unwrap().expose().to_vec();
    let opened = SessionOpened { session: session.to_string(), secret, expires_at: u64::MAX / 2 };
    stranded.wire.answers(move |request| {
        let body = match request.path.as_str() {
            "/v1/recovery" => RecoveryFound { accounts: vec![account.to_vec()] }.encode_to_vec(),
            "/v1/sessions" => opened.encode_to_vec(),
            path if path.starts_with("/v1/pull") => history.clone(),
            _ => return None,
        };
        Some(Reply { status: 200, body })
    });
    let led = stranded.looks().await.map(drop);
    assert!(matches!(led, Err(RecoverError::OtherAccount)), "{led:?}");
    let sent: Vec<String> = stranded.wire.seen().into_iter().map(|request| request.path).collect();
    assert!(!sent.iter().any(|path| path == "/v1/roster"), "{sent:?}");
    // The same server, honest: it is Ana's account that the code belongs to.
    stranded.wire.is_honest();
    let found = stranded.looks().await.unwrap();
    assert_eq!(found.status().await.unwrap().account, world.laptop.held().await.roster.account());
}

/// A history whose end is kept back is one that was: only its user can tell, by the time that is shown. One with a hole is not.
#[tokio::test(flavor = "multi_thread")]
async fn threat_recovery_a_history_with_a_hole_is_not_taken() {
    let world = World::new().await;
    let stranded = Stranded::with_the_code_of(&world, Duration::ZERO).await;
    world.laptop_edits_both().await;
    stranded.wire.rewrites_pulls(|frames| {
        let commit = frames.iter().position(|frame| matches!(frame, keyfold_client::api::Frame::Commit(_))).unwrap();
        frames.remove(commit);
    });
    let refused = stranded.looks().await.map(drop);
    assert!(matches!(refused, Err(RecoverError::Sync(_))), "{refused:?}");
}

/// No device of the account is there to stop it, and its delay is not over: what the server says of the time is not asked.
#[tokio::test(flavor = "multi_thread")]
async fn threat_recovery_a_stopped_recovery_stays_stopped_whatever_the_server_says() {
    let world = World::new().await;
    let stranded = Stranded::with_the_code_of(&world, Duration::ZERO).await;
    let found = stranded.looks().await.unwrap();
    let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::in_memory().await.unwrap());
    let new = NewcomerByCode {
        name: "new laptop".parse().unwrap(),
        algorithm: SigningAlgorithm::Ed25519,
        passphrase: passphrase(),
        ca: None,
    };
    Box::pin(found.begin(storage.as_ref(), &new)).await.unwrap();
    world.laptop.syncs().await;
    let begin = world.laptop.held().await.roster.pending_recovery().unwrap().begin;
    world.laptop.engine.cancel_recovery(begin).await.unwrap();
    let goes_on = async || {
        let (storage, quiet) = (Arc::clone(&storage), Arc::new(Quiet));
        Box::pin(keyfold_client::recovery::finish(storage, &stranded.api, &stranded.code, &passphrase(), quiet)).await
    };
    let stopped = goes_on().await.map(drop);
    assert!(matches!(&stopped, Err(RecoverError::Cancelled(by)) if by == "Ana's laptop"), "{stopped:?}");
    assert!(matches!(goes_on().await.map(drop), Err(RecoverError::NotBegun)), "its profile is empty");
    world.laptop.syncs().await;
    assert_eq!(world.laptop.held().await.roster.devices().count(), 2);
}
