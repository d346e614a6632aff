use std::sync::Mutex;

use async_trait::async_trait;
use keyfold_client::device::{Keyring, KeyringError, KeyringKey, Owner};

/// A keyring that is always open: a device is started anew by it, since to derive a key from a passphrase takes longer than
/// all the rest of a program.
#[derive(Default)]
pub(crate) struct Pocket(Mutex<Option<[u8; 32]>>);

impl Pocket {
    pub(crate) fn with(key: &KeyringKey) -> Self {
        Self(Mutex::new(Some(*key.expose())))
    }

    pub(crate) fn copy(&self) -> Self {
        Self(Mutex::new(*self.0.lock().unwrap()))
    }
}

#[async_trait]
impl Keyring for Pocket {
    async fn ready(&self) -> Result<(), KeyringError> {
        Ok(())
    }

    async fn keep(&self, _: &Owner, key: &KeyringKey) -> Result<(), KeyringError> {
        *self.0.lock().unwrap() = Some(*key.expose());
        Ok(())
    }

    async fn find(&self, _: &Owner) -> Result<KeyringKey, KeyringError> {
        let key = self.0.lock().unwrap().ok_or(KeyringError::Missing)?;
        KeyringKey::try_from(key.as_slice()).map_err(|_| KeyringError::NotAKey)
    }

    async fn forget(&self, _: &Owner) -> Result<(), KeyringError> {
        *self.0.lock().unwrap() = None;
        Ok(())
    }
}
