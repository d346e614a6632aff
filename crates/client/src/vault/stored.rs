use std::sync::Arc;

use super::{Held, LocalVault, VaultError};
use crate::storage::{AuthenticatorRecord, Condition, Edit, Mark, StoredItem};

/// What a request needs of the storage, sealed as it lies there. It is read again once anything was written.
pub(crate) struct Stored {
    mark: Mark,
    pub(super) condition: Condition,
    pub(super) held: Held,
    pub(super) items: Vec<StoredItem>,
    pub(super) edits: Vec<Edit>,
    pub(super) authenticator: Option<Vec<u8>>,
    pub(super) foreign_blobs: Option<Vec<u8>>,
    pub(super) tenants: Option<Vec<u8>>,
    pub(super) bound_keys: Option<Vec<u8>>,
}

impl LocalVault {
    /// Reads what the next request needs, so that it need not wait for that.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn read_ahead(&self) -> Result<(), VaultError> {
        self.stored().await.map(drop)
    }

    pub(super) async fn stored(&self) -> Result<Arc<Stored>, VaultError> {
        let (mark, _) = self.storage().glance().await?;
        self.stored_at(mark).await
    }

    /// The same, unless it is locked.
    pub(super) async fn stored_unless_locked(&self) -> Result<Arc<Stored>, VaultError> {
        let (mark, lock) = self.storage().glance().await?;
        match lock.locked(self.clock().now()) {
            Some(locked) => Err(VaultError::Locked(locked)),
            None => self.stored_at(mark).await,
        }
    }

    /// What is written after the mark, while it is read, has another, and is read the next time.
    async fn stored_at(&self, mark: Mark) -> Result<Arc<Stored>, VaultError> {
        if let Some(stored) = self.remembered().filter(|stored| stored.mark == mark) {
            return Ok(stored);
        }
        let stored = Arc::new(self.read(mark).await?);
        self.remember(Arc::clone(&stored));
        Ok(stored)
    }

    async fn read(&self, mark: Mark) -> Result<Stored, VaultError> {
        let storage = self.storage();
        // Edits first: one that is acknowledged meanwhile is then in the items.
        let edits = storage.edits().await?;
        let items = storage.items().await?;
        let held = self.held().await?;
        Ok(Stored {
            mark,
            condition: storage.profile().await?.ok_or(VaultError::NoProfile)?.condition,
            held,
            items,
            edits,
            authenticator: storage.authenticator_record(AuthenticatorRecord::State).await?,
            foreign_blobs: storage.authenticator_record(AuthenticatorRecord::ForeignBlobs).await?,
            tenants: storage.authenticator_record(AuthenticatorRecord::Tenants).await?,
            bound_keys: storage.authenticator_record(AuthenticatorRecord::BoundKeys).await?,
        })
    }
}
