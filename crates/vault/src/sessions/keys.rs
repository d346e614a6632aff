use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use keyfold_crypto::{random, session::SessionKey};

use crate::{
    Clock,
    clock::{DAY, SECOND},
    storage::{KeyKind, ServerKey, Storage, StorageError},
};

/// The keys that session secrets are derived from: the newest opens sessions, the one before it still verifies. They are
/// shared by all replicas through the database and replaced once a day.
pub struct SessionKeys {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    keys: Vec<(u32, SessionKey)>,
    read_at: u64,
}

impl SessionKeys {
    /// Reads the keys, and makes one if there is none or the newest is a day old.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn load(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Result<Self, StorageError> {
        let keys = Self { storage, clock, known: RwLock::default() };
        keys.rotate().await?;
        Ok(keys)
    }

    /// Makes a new key if the newest is a day old, and forgets all but the newest two.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn rotate(&self) -> Result<(), StorageError> {
        let now = self.clock.now();
        let stored = self.storage.server_keys(KeyKind::Session).await?;
        let newest = stored.first();
        if newest.is_none_or(|key| key.created_at.saturating_add(DAY) <= now) {
            let kid = newest.map_or(1, |key| key.kid.saturating_add(1));
            let secret = random::bytes(&mut random::system()).into();
            // If another replica was faster, its key is the one that all read below.
            self.storage.add_server_key(KeyKind::Session, ServerKey { kid, created_at: now, secret }).await?;
            self.storage.retire_server_keys(KeyKind::Session, kid.saturating_sub(1)).await?;
        }
        self.read().await
    }

    /// The newest key and its kid.
    pub(crate) fn newest(&self) -> Option<(u32, SessionKey)> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).keys.first().cloned()
    }

    /// The key with this kid. One that is not known may have been made by another replica: the database is asked, at
    /// most once a second.
    pub(crate) async fn by_kid(&self, kid: u32) -> Result<Option<SessionKey>, StorageError> {
        let (key, read_at) = self.look_up(kid);
        if key.is_some() || self.clock.now().abs_diff(read_at) < SECOND {
            return Ok(key);
        }
        self.read().await?;
        Ok(self.look_up(kid).0)
    }

    fn look_up(&self, kid: u32) -> (Option<SessionKey>, u64) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let key = known.keys.iter().find(|(known, _)| *known == kid).map(|(_, key)| key.clone());
        (key, known.read_at)
    }

    async fn read(&self) -> Result<(), StorageError> {
        let read_at = self.clock.now();
        let stored = self.storage.server_keys(KeyKind::Session).await?;
        let keys = stored.into_iter().map(|key| (key.kid, SessionKey::new(*key.secret))).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known { keys, read_at };
        Ok(())
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKeys(..)")
    }
}
