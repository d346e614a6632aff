use async_trait::async_trait;
use keyfold_crypto::keyring::{KeyringKey, KeyringKeyError, Owner};

/// Where a system keeps secrets for a person who has logged in: a desktop's Secret Service, a phone's keystore.
///
/// It keeps one [`KeyringKey`] for a device, which opens the device's secrets beside the passphrase. Whoever implements it
/// bounds how long each call takes, and hands the key over by no way that others can read.
#[async_trait]
pub trait Keyring: Send + Sync {
    /// Makes sure that it is there and open. May have the person asked, by the keyring itself.
    async fn ready(&self) -> Result<(), KeyringError>;

    /// Keeps a device's key in place of whatever it kept for that device.
    async fn keep(&self, owner: &Owner, key: &KeyringKey) -> Result<(), KeyringError>;

    /// The key that it keeps for a device. Asks nobody.
    async fn find(&self, owner: &Owner) -> Result<KeyringKey, KeyringError>;

    /// Removes whatever it keeps for a device, if anything.
    async fn forget(&self, owner: &Owner) -> Result<(), KeyringError>;
}

/// Why a keyring does not open a device. The passphrase still does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Nothing here is a keyring, or it fails.
    #[error("no keyring can be used here: {0}")]
    Unusable(String),
    /// It is locked, and nobody unlocked it.
    #[error("the keyring is locked; unlock it, such as by logging in to the desktop")]
    Locked,
    /// It took too long.
    #[error("the keyring does not answer")]
    Silent,
    /// It keeps nothing for this device.
    #[error("the keyring does not hold this device's key any more; `keyfold keyring enable` makes another")]
    Missing,
    /// What it keeps is no key, or several.
    #[error("what the keyring holds for this device is not one key; `keyfold keyring enable` makes another")]
    NotAKey,
    /// What it keeps is a key, and not this one's.
    #[error("the keyring's key is of no use: {0}; `keyfold keyring enable` makes another")]
    Key(#[from] KeyringKeyError),
}
