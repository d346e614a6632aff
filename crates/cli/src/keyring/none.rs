use async_trait::async_trait;
use keyfold_client::device::{Keyring, KeyringError, KeyringKey, Owner};

/// No system but Linux has a keyring that this program knows.
pub(crate) struct DesktopKeyring;

#[async_trait]
impl Keyring for DesktopKeyring {
    async fn ready(&self) -> Result<(), KeyringError> {
        Err(none())
    }

    async fn keep(&self, _: &Owner, _: &KeyringKey) -> Result<(), KeyringError> {
        Err(none())
    }

    async fn find(&self, _: &Owner) -> Result<KeyringKey, KeyringError> {
        Err(none())
    }

    async fn forget(&self, _: &Owner) -> Result<(), KeyringError> {
        Err(none())
    }
}

fn none() -> KeyringError {
    KeyringError::Unusable("this program knows the keyrings of Linux desktops alone".to_owned())
}
