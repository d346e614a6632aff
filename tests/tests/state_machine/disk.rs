use std::{fs, sync::Arc};

use keyfold_client::storage::{SqliteStorage, Storage};
use keyfold_store::{Database, DatabaseUrl};
use keyfold_tests::memory::{MemoryDatabase, MemoryProfile};
use keyfold_vault::storage::Storage as ServerStorage;
use tempfile::TempDir;

/// What storages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    /// The real ones.
    Sqlite,
}

/// What a device keeps its profile on.
pub(crate) enum Disk {
    Memory(MemoryProfile),
    Sqlite(TempDir, SqliteStorage),
}

/// What a server keeps its accounts in.
pub(crate) enum Cabinet {
    Memory(MemoryDatabase),
    Sqlite(Database, #[expect(dead_code, reason = "held for its drop")] TempDir),
}

impl Disk {
    pub(crate) async fn new(kind: Kind) -> Self {
        match kind {
            Kind::Memory => Self::Memory(MemoryProfile::default()),
            Kind::Sqlite => {
                let folder = TempDir::new().unwrap();
                let storage = SqliteStorage::open(folder.path()).await.unwrap();
                Self::Sqlite(folder, storage)
            }
        }
    }

    /// All of it as it is now.
    pub(crate) async fn copy(&self) -> Self {
        match self {
            Self::Memory(profile) => Self::Memory(profile.copy()),
            Self::Sqlite(original, _) => {
                let folder = TempDir::new().unwrap();
                for file in fs::read_dir(original.path()).unwrap() {
                    let file = file.unwrap();
                    fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
                }
                let storage = SqliteStorage::open(folder.path()).await.unwrap();
                Self::Sqlite(folder, storage)
            }
        }
    }

    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        match self {
            Self::Memory(profile) => Arc::new(profile.clone()),
            Self::Sqlite(_, storage) => Arc::new(storage.clone()),
        }
    }

    /// As another process has it.
    pub(crate) async fn reopen(&mut self) {
        if let Self::Sqlite(folder, storage) = self {
            *storage = SqliteStorage::open(folder.path()).await.unwrap();
        }
    }
}

impl Cabinet {
    pub(crate) async fn new(kind: Kind) -> Self {
        match kind {
            Kind::Memory => Self::Memory(MemoryDatabase::default()),
            Kind::Sqlite => {
                let folder = TempDir::new().unwrap();
                let database = Self::connect(&folder).await;
                Self::Sqlite(database, folder)
            }
        }
    }

    pub(crate) fn storage(&self) -> Arc<dyn ServerStorage> {
        match self {
            Self::Memory(database) => Arc::new(database.clone()),
            Self::Sqlite(database, _) => Arc::new(database.clone()),
        }
    }

    /// All of it as it is now.
    pub(crate) async fn copy(&self) -> Self {
        match self {
            Self::Memory(database) => Self::Memory(database.copy()),
            Self::Sqlite(database, _) => {
                let folder = TempDir::new().unwrap();
                database.back_up(&folder.path().join(FILE), &[], &|_, _| {}).await.unwrap();
                let database = Self::connect(&folder).await;
                Self::Sqlite(database, folder)
            }
        }
    }

    async fn connect(folder: &TempDir) -> Database {
        let database = Database::connect(&DatabaseUrl::file(&folder.path().join(FILE))).await.unwrap();
        database.migrate().await.unwrap();
        database
    }
}

const FILE: &str = "keyfold.db";
