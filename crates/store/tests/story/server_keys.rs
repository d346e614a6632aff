//! The keys that all replicas share.

use futures_util::future::join_all;
use keyfold_vault::storage::{KeyKind, ServerKey, Storage};

use crate::{databases::on_each_database, names::NOW};

pub(crate) fn key(kid: u32, secret: u8) -> ServerKey {
    ServerKey { kid, created_at: NOW + u64::from(kid), secret: [secret; 32].into() }
}

async fn keys(storage: &dyn Storage, kind: KeyKind) -> Vec<(u32, u64, [u8; 32])> {
    let keys = storage.server_keys(kind).await.unwrap();
    keys.into_iter().map(|key| (key.kid, key.created_at, *key.secret)).collect()
}

#[tokio::test]
async fn the_newest_key_of_a_kind_comes_first() {
    on_each_database(async |storage| {
        assert!(keys(storage, KeyKind::Session).await.is_empty());
        for kid in [2, 1, 10, 9] {
            assert!(storage.add_server_key(KeyKind::Session, key(kid, 5)).await.unwrap());
        }
        assert!(storage.add_server_key(KeyKind::Log, key(1, 6)).await.unwrap());
        let session = [10, 9, 2, 1].map(|kid| (kid, NOW + u64::from(kid), [5; 32]));
        assert_eq!(keys(storage, KeyKind::Session).await, session);
        assert_eq!(keys(storage, KeyKind::Log).await, [(1, NOW + 1, [6; 32])]);
    })
    .await;
}

#[tokio::test]
async fn of_sixteen_replicas_that_make_a_key_at_once_one_does_and_all_read_its() {
    on_each_database(async |storage| {
        let added = join_all((0..16).map(|replica| storage.add_server_key(KeyKind::Log, key(1, replica)))).await;
        let added: Vec<bool> = added.into_iter().map(Result::unwrap).collect();
        assert_eq!(added.iter().filter(|added| **added).count(), 1);
        let winner = u8::try_from(added.iter().position(|added| *added).unwrap()).unwrap();
        assert_eq!(keys(storage, KeyKind::Log).await, [(1, NOW + 1, [winner; 32])]);
    })
    .await;
}

#[tokio::test]
async fn old_keys_of_a_kind_are_forgotten_and_the_log_key_stays() {
    on_each_database(async |storage| {
        for kid in 1..=4 {
            assert!(storage.add_server_key(KeyKind::Session, key(kid, 5)).await.unwrap());
        }
        assert!(storage.add_server_key(KeyKind::Log, key(1, 6)).await.unwrap());
        storage.retire_server_keys(KeyKind::Session, 3).await.unwrap();
        let kids: Vec<u32> = keys(storage, KeyKind::Session).await.into_iter().map(|(kid, _, _)| kid).collect();
        assert_eq!(kids, [4, 3]);
        assert_eq!(keys(storage, KeyKind::Log).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_key_prints_nothing_of_its_secret() {
    on_each_database(async |storage| {
        assert!(storage.add_server_key(KeyKind::Log, key(1, 0xab)).await.unwrap());
        let printed = format!("{:?}", storage.server_keys(KeyKind::Log).await.unwrap());
        assert_eq!(printed, "[ServerKey(1)]");
    })
    .await;
}
