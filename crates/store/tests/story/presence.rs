//! A restore has the database alone: no server begins beside it, and one that has just ended is waited for.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
};

use keyfold_store::{ConnectError, Database, DatabaseUrl, Existing, RestoreError, restore};
use keyfold_vault::storage::{KeyKind, ServerKeyStorage as _};
use tempfile::TempDir;

use crate::{
    databases::{Place, on_each_place},
    server_keys::key,
};

async fn backup_of(place: &Place, folder: &Path) -> PathBuf {
    let (file, database) = (folder.join("backup.db"), place.open().await);
    database.add_server_key(KeyKind::Log, key(1, 7)).await.unwrap();
    database.back_up(&file, &[], &|_, _| {}).await.unwrap();
    database.close().await.unwrap();
    file
}

#[tokio::test]
async fn no_server_begins_while_a_restore_is_under_way() {
    on_each_place(async |place| {
        let folder = TempDir::new().unwrap();
        let (file, url) = (backup_of(place, folder.path()).await, place.uri.parse::<DatabaseUrl>().unwrap());
        let both = Arc::new(Barrier::new(2));
        let restoring = std::thread::spawn({
            let (url, both) = (url.clone(), Arc::clone(&both));
            move || {
                let begun = AtomicBool::new(false);
                let stops_once = |_, _| {
                    if !begun.swap(true, Ordering::Relaxed) {
                        both.wait();
                        both.wait();
                    }
                };
                let alone = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                alone.block_on(restore(&url, &file, Existing::Replace, &stops_once))
            }
        });
        both.wait();
        let error = Database::connect(&url).await.unwrap_err();
        assert!(matches!(error, ConnectError::TakenAlone), "{error}");
        both.wait();
        restoring.join().unwrap().unwrap();
        place.open().await.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn nothing_is_restored_beside_a_server_and_whoever_ends_is_waited_for() {
    on_each_place(async |place| {
        let folder = TempDir::new().unwrap();
        let (file, url) = (backup_of(place, folder.path()).await, place.uri.parse::<DatabaseUrl>().unwrap());
        let database = place.open().await;
        let error = restore(&url, &file, Existing::Replace, &|_, _| {}).await.unwrap_err();
        assert!(matches!(error, RestoreError::InUse), "{error}");
        database.close().await.unwrap();
        // Again and again, either way: PostgreSQL ends a session a moment after it was closed.
        for _ in 0..100 {
            restore(&url, &file, Existing::Replace, &|_, _| {}).await.unwrap();
            place.open().await.close().await.unwrap();
        }
    })
    .await;
}
