//! A profile in one SQLite file: WAL, `synchronous=FULL`, immediate write transactions.

mod apply;
mod authenticator;
mod database;
mod glance;
mod lock;
mod open;
mod queries;
mod rows;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use keyfold_crypto::Hash;
use keyfold_ledger::{Chain, Element};
use keyfold_wire::{ItemId, v1::Signed};
use tokio::sync::Mutex;

use database::Database;
use glance::Glances;

use super::{
    AuthenticatorRecord, Chains, Edit, Farewell, Head, LockState, Mark, Outbox, OutboxKind, Past, Profile, Quarantined,
    Staged, Step, Storage, StorageError, StoredItem, Write,
};

/// The storage of everybody who has a file system.
#[derive(Debug, Clone)]
pub struct SqliteStorage {
    database: Database,
    /// Other processes are kept out of a step by a lock on this file.
    lock: Option<PathBuf>,
    /// And other tasks of this process by this.
    turn: Arc<Mutex<()>>,
    /// At its file.
    glances: Option<Arc<Glances>>,
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn step(&self) -> Result<Step, StorageError> {
        self.take_turn().await
    }

    async fn glance(&self) -> Result<(Mark, LockState), StorageError> {
        match &self.glances {
            Some(glances) => glances.glance(),
            None => Ok((queries::changes(&self.database.pool).await?, lock::state(&self.database.pool).await?)),
        }
    }

    async fn profile(&self) -> Result<Option<Profile>, StorageError> {
        queries::profile(&self.database.pool).await
    }

    async fn keyring_secrets(&self) -> Result<Option<Vec<u8>>, StorageError> {
        queries::keyring_secrets(&self.database.pool).await
    }

    async fn farewell(&self) -> Result<Option<Farewell>, StorageError> {
        queries::farewell(&self.database.pool).await
    }

    async fn lock_state(&self) -> Result<LockState, StorageError> {
        lock::state(&self.database.pool).await
    }

    async fn count_guess(&self, seen: u32, at: u64) -> Result<bool, StorageError> {
        lock::count_guess(&self.database.pool, seen, at).await
    }

    async fn return_guess(&self) -> Result<(), StorageError> {
        lock::return_guess(&self.database.pool).await
    }

    async fn opened(&self, at: u64) -> Result<(), StorageError> {
        lock::opened(&self.database.pool, at).await
    }

    async fn used(&self, at: u64) -> Result<(), StorageError> {
        lock::used(&self.database.pool, at).await
    }

    async fn lock_after(&self, idle: Option<u64>) -> Result<(), StorageError> {
        lock::lock_after(&self.database.pool, idle).await
    }

    async fn authenticator_record(&self, record: AuthenticatorRecord) -> Result<Option<Vec<u8>>, StorageError> {
        authenticator::record(&self.database.pool, record).await
    }

    async fn replace_authenticator_record(
        &self,
        record: AuthenticatorRecord,
        before: Option<Vec<u8>>,
        after: Option<Vec<u8>>,
    ) -> Result<bool, StorageError> {
        authenticator::replace(&self.database.pool, record, before, after).await
    }

    async fn chains(&self) -> Result<Chains, StorageError> {
        queries::chains(&self.database).await
    }

    async fn commit_head(&self, seq: u64) -> Result<Option<Hash>, StorageError> {
        queries::commit_head(&self.database.pool, seq).await
    }

    async fn receipt(&self, chain: Chain, seq: u64) -> Result<Option<Head>, StorageError> {
        queries::receipt(&self.database.pool, chain, seq).await
    }

    async fn elements(&self, items: &[ItemId]) -> Result<Vec<Element>, StorageError> {
        queries::elements(&self.database, items).await
    }

    async fn items(&self) -> Result<Vec<StoredItem>, StorageError> {
        queries::items(&self.database.pool).await
    }

    async fn item(&self, item: ItemId) -> Result<Option<StoredItem>, StorageError> {
        queries::item(&self.database.pool, item).await
    }

    async fn history(&self, item: ItemId) -> Result<Vec<Past>, StorageError> {
        queries::history(&self.database.pool, item).await
    }

    async fn proof(&self) -> Result<Option<Vec<u8>>, StorageError> {
        queries::proof(&self.database.pool).await
    }

    async fn looked_for_purges(&self) -> Result<Option<u64>, StorageError> {
        queries::looked_for_purges(&self.database.pool).await
    }

    async fn quarantined(&self, reason: &str) -> Result<Vec<Quarantined>, StorageError> {
        queries::quarantined(&self.database.pool, reason).await
    }

    async fn first_quarantined(&self, item: ItemId, reason: &str) -> Result<Option<u64>, StorageError> {
        queries::first_quarantined(&self.database.pool, item, reason).await
    }

    async fn of_earlier_epochs(&self, epoch: u64, limit: usize) -> Result<Vec<ItemId>, StorageError> {
        queries::of_earlier_epochs(&self.database.pool, epoch, limit).await
    }

    async fn count_of_earlier_epochs(&self, epoch: u64) -> Result<u64, StorageError> {
        queries::count_of_earlier_epochs(&self.database.pool, epoch).await
    }

    async fn commit(&self, seq: u64) -> Result<Option<Signed>, StorageError> {
        queries::commit(&self.database.pool, seq).await
    }

    async fn envelope(&self, hash: Hash) -> Result<Option<Vec<u8>>, StorageError> {
        queries::envelope(&self.database.pool, hash).await
    }

    async fn edits(&self) -> Result<Vec<Edit>, StorageError> {
        queries::edits(&self.database.pool).await
    }

    async fn count_edits(&self) -> Result<u64, StorageError> {
        queries::count_edits(&self.database.pool).await
    }

    async fn add_edits(&self, edits: Vec<(ItemId, Vec<u8>)>) -> Result<(), StorageError> {
        apply::add_edits(&self.database, edits).await
    }

    async fn outbox(&self, kind: OutboxKind) -> Result<Option<Outbox>, StorageError> {
        queries::outbox(&self.database.pool, kind).await
    }

    async fn enrolment(&self) -> Result<Option<Vec<u8>>, StorageError> {
        queries::enrolment(&self.database.pool).await
    }

    async fn enrolment_failures(&self, since: u64) -> Result<u32, StorageError> {
        queries::enrolment_failures(&self.database.pool, since).await
    }

    async fn add_enrolment_failure(&self, at: u64) -> Result<(), StorageError> {
        apply::add_enrolment_failure(&self.database.pool, at).await
    }

    async fn stage(&self, _step: &Step, staged: Vec<Staged>) -> Result<(), StorageError> {
        apply::stage(&self.database, staged).await
    }

    async fn apply(&self, _step: &Step, writes: Vec<Write>) -> Result<(), StorageError> {
        apply::apply(&self.database, writes).await
    }
}
