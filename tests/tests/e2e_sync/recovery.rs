//! A recovery code on real servers: its delay, its races, a vault of a thousand passkeys.

use std::{sync::Arc, time::Duration};

use keyfold_client::{
    RecoveryCode, SigningAlgorithm,
    device::Passphrase,
    recovery::{FoundAccount, NewcomerByCode, RecoverError, finish},
    storage::{SqliteStorage, Storage},
    sync::{Quiet, RecoveryError, SyncEngine},
};
use keyfold_crypto::random;
use keyfold_tests::sdk::{DAY, Hosted, Member};

fn code() -> RecoveryCode {
    RecoveryCode::generate(&mut random::system())
}

fn newcomer() -> NewcomerByCode {
    NewcomerByCode {
        name: "new laptop".parse().unwrap(),
        algorithm: SigningAlgorithm::Ed25519,
        passphrase: passphrase(),
        ca: None,
    }
}

fn passphrase() -> Passphrase {
    Passphrase::typed("correct horse battery staple".to_owned().into())
}

async fn profile() -> Arc<dyn Storage> {
    Arc::new(SqliteStorage::in_memory().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_of_a_thousand_passkeys_comes_back_when_every_device_is_gone() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "laptop").await;
    for number in 0..1_000 {
        laptop.add(&format!("{number}.example")).await;
    }
    laptop.sync().await;
    let (first, delay) = (code(), Duration::from_secs(3 * 24 * 60 * 60));
    laptop.engine.add_recovery(&first, delay).await.unwrap();
    laptop.engine.rotate().await.unwrap();
    laptop.sync().await;
    let before = laptop.acknowledged().await;

    let (api, storage) = (laptop.engine.api().anonymous().clone(), profile().await);
    let found = FoundAccount::find(&api, &first, Arc::new(Quiet)).await.unwrap();
    let status = found.status().await.unwrap();
    assert_eq!((status.items, status.devices.len()), (1_000, 1));
    found.begin(storage.as_ref(), &newcomer()).await.unwrap();
    let goes_on = async || finish(Arc::clone(&storage), &api, &first, &passphrase(), Arc::new(Quiet)).await;
    server.time.pass(3 * DAY - 2_000);
    assert!(matches!(goes_on().await, Err(RecoverError::Waits(_))));
    server.time.pass(2_000);
    let vault = goes_on().await.unwrap();
    let engine = SyncEngine::new(vault, api.clone());

    // Before the code is replaced nothing that it writes is sent.
    let id = engine.vault().contents().await.unwrap().items[0].id;
    engine.vault().delete(&[id]).await.unwrap();
    assert!(engine.sync().await.unwrap().is_empty());
    engine.replace_recovery(&code(), delay, &[laptop.vault().keys().id()]).await.unwrap();
    let report = engine.sync().await.unwrap();
    assert_eq!((report.items_pushed, report.items_reencrypted), (1, 999));
    let contents = engine.vault().contents().await.unwrap();
    assert_eq!(contents.live().count(), 999);
    let passkeys = |items: &mut dyn Iterator<Item = (keyfold_client::ItemId, Vec<u8>)>| items.collect::<Vec<_>>();
    let now = passkeys(
        &mut contents
            .items
            .iter()
            .map(|item| (item.id, item.item.passkey().unwrap().secrets().unwrap().private_key.to_vec())),
    );
    assert_eq!(
        now,
        passkeys(
            &mut before
                .iter()
                .map(|(id, item, _)| (*id, item.passkey().unwrap().secrets().unwrap().private_key.to_vec()))
        )
    );
    assert!(matches!(FoundAccount::find(&api, &first, Arc::new(Quiet)).await.map(drop), Err(RecoverError::Unknown)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_use_a_code_one_waits_and_the_other_is_told() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "laptop").await;
    let code = code();
    laptop.engine.add_recovery(&code, Duration::from_secs(60)).await.unwrap();
    let refused = laptop.engine.add_recovery(&self::code(), Duration::ZERO).await;
    assert!(matches!(refused, Err(RecoveryError::Exists)), "{refused:?}");
    laptop.engine.add_recovery(&code, Duration::from_secs(60)).await.unwrap();

    let api = laptop.engine.api().anonymous().clone();
    let (one, two) = (profile().await, profile().await);
    let first = FoundAccount::find(&api, &code, Arc::new(Quiet)).await.unwrap();
    let second = FoundAccount::find(&api, &code, Arc::new(Quiet)).await.unwrap();
    first.begin(one.as_ref(), &newcomer()).await.unwrap();
    let refused = second.begin(two.as_ref(), &newcomer()).await;
    assert!(matches!(refused, Err(RecoverError::AnotherRecovery(_))), "{refused:?}");
    assert!(two.profile().await.unwrap().is_none(), "its profile is as empty as before");

    laptop.sync().await;
    let begin = laptop.vault().local().held().await.unwrap().roster.pending_recovery().unwrap().begin;
    laptop.engine.cancel_recovery(begin).await.unwrap();
    server.time.pass(DAY);
    let stopped = finish(Arc::clone(&one), &api, &code, &passphrase(), Arc::new(Quiet)).await.map(drop);
    assert!(matches!(stopped, Err(RecoverError::Cancelled(_))), "{stopped:?}");
    assert!(one.profile().await.unwrap().is_none());
    let again = laptop.engine.cancel_recovery(begin).await;
    assert!(matches!(again, Err(RecoveryError::NotUnderWay)), "{again:?}");
}
