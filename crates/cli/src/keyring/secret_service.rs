use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use keyfold_client::device::{Keyring, KeyringError, KeyringKey, Owner};
use secret_service::{Collection, EncryptionType, Error, Item, SecretService};
use zeroize::Zeroizing;

/// The freedesktop Secret Service, as GNOME Keyring, KWallet and KeePassXC offer it on the session's D-Bus. What it is told
/// and tells is encrypted to this process (`dh-ietf1024-sha256-aes128-cbc-pkcs7`), so that whoever watches the bus sees no key.
pub(crate) struct DesktopKeyring;

#[async_trait]
impl Keyring for DesktopKeyring {
    async fn ready(&self) -> Result<(), KeyringError> {
        within(A_PERSON, async {
            let service = connect().await?;
            let collection = lasting(&service).await?;
            if collection.is_locked().await.map_err(cause)? {
                // Its own dialog asks for its own password.
                collection.unlock().await.map_err(cause)?;
            }
            collection.ensure_unlocked().await.map_err(cause)
        })
        .await
    }

    async fn keep(&self, owner: &Owner, key: &KeyringKey) -> Result<(), KeyringError> {
        within(A_PROGRAM, async {
            let service = connect().await?;
            let attributes = Attributes::of(owner);
            let collection = lasting(&service).await?;
            let kept = collection.create_item(LABEL, attributes.map(), key.expose(), true, CONTENT_TYPE);
            let kept = kept.await.map_err(cause)?;
            // Others under the same name would leave it open which one counts.
            let found = service.search_items(attributes.map()).await.map_err(cause)?;
            delete(found.unlocked.iter().filter(|item| **item != kept)).await
        })
        .await
    }

    async fn find(&self, owner: &Owner) -> Result<KeyringKey, KeyringError> {
        within(A_PROGRAM, async {
            let service = connect().await?;
            let found = service.search_items(Attributes::of(owner).map()).await.map_err(cause)?;
            match (found.unlocked.as_slice(), found.locked.as_slice()) {
                ([item], _) => key_in(item).await,
                ([_, _, ..], _) => Err(KeyringError::NotAKey),
                ([], [_, ..]) => Err(KeyringError::Locked),
                // A keyring may not say what is in it while it is locked.
                ([], []) if is_locked(&service).await => Err(KeyringError::Locked),
                ([], []) => Err(KeyringError::Missing),
            }
        })
        .await
    }

    async fn forget(&self, owner: &Owner) -> Result<(), KeyringError> {
        within(A_PROGRAM, async {
            let service = connect().await?;
            let found = service.search_items(Attributes::of(owner).map()).await.map_err(cause)?;
            delete(found.unlocked.iter()).await?;
            if found.locked.is_empty() { Ok(()) } else { Err(KeyringError::Locked) }
        })
        .await
    }
}

/// What an item is found by. Most keyrings show this without being unlocked.
struct Attributes {
    account: String,
    device: String,
}

impl Attributes {
    fn of(owner: &Owner) -> Self {
        Self { account: owner.account.to_string(), device: owner.device.to_string() }
    }

    fn map(&self) -> HashMap<&str, &str> {
        HashMap::from([("application", "keyfold"), ("account", &self.account), ("device", &self.device)])
    }
}

async fn connect() -> Result<SecretService<'static>, KeyringError> {
    SecretService::connect(EncryptionType::Dh).await.map_err(cause)
}

/// The collection that outlives the session, as the user chose it.
async fn lasting<'a>(service: &'a SecretService<'static>) -> Result<Collection<'a>, KeyringError> {
    service.get_default_collection().await.map_err(|error| match error {
        Error::NoResult => KeyringError::Unusable(NO_COLLECTION.to_owned()),
        error => cause(error),
    })
}

async fn is_locked(service: &SecretService<'static>) -> bool {
    match lasting(service).await {
        Ok(collection) => collection.is_locked().await.unwrap_or_default(),
        Err(_) => false,
    }
}

async fn key_in(item: &Item<'_>) -> Result<KeyringKey, KeyringError> {
    let secret = Zeroizing::new(item.get_secret().await.map_err(cause)?);
    KeyringKey::try_from(secret.as_slice()).map_err(|_| KeyringError::NotAKey)
}

async fn delete<'a>(items: impl Iterator<Item = &'a Item<'a>> + Send) -> Result<(), KeyringError> {
    for item in items {
        item.delete().await.map_err(cause)?;
    }
    Ok(())
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, KeyringError>> + Send,
) -> Result<T, KeyringError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(KeyringError::Silent))
}

fn cause(error: Error) -> KeyringError {
    match error {
        Error::Locked | Error::Prompt | Error::PromptDisconnected => KeyringError::Locked,
        error => KeyringError::Unusable(format!("{error} ({MEND})")),
    }
}

/// How long a keyring may take that asks its user for its password.
const A_PERSON: Duration = Duration::from_secs(120);
/// How long it may take otherwise.
const A_PROGRAM: Duration = Duration::from_secs(10);

const LABEL: &str = "Keyfold: opens this device's passkeys";
const CONTENT_TYPE: &str = "application/octet-stream";
const NO_COLLECTION: &str = "there is no default keyring yet; make one, such as in Passwords and Keys (seahorse)";
const MEND: &str = "keyfold must run in a desktop's session with a Secret Service, such as GNOME Keyring or KWallet";

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_keyring_that_never_answers_is_not_waited_for_for_ever() {
        for limit in [A_PROGRAM, A_PERSON] {
            assert_eq!(within::<()>(limit, pending()).await, Err(KeyringError::Silent));
        }
    }

    #[test]
    fn a_dialog_that_nobody_answers_leaves_the_keyring_locked() {
        for error in [Error::Locked, Error::Prompt, Error::PromptDisconnected] {
            assert_eq!(cause(error), KeyringError::Locked);
        }
    }
}
