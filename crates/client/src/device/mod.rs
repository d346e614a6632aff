//! This device: its keys, how they rest under a passphrase and a keyring's key, and what people read of it.

mod description;
mod keyring;
mod keys;
mod opened_keys;
mod passphrase;

pub use description::{BadDeviceName, DeviceName, describe};
pub use keyfold_crypto::keyring::{KeyringKey, KeyringKeyError, Owner};
pub use keyring::{Keyring, KeyringError};
pub use keys::{DeviceKeys, SecretsError};
pub use passphrase::{Passphrase, PassphraseTooShort};
