//! This device: its keys, how they rest under a passphrase, and what people read of it.

mod description;
mod keys;
mod passphrase;

pub use description::{BadDeviceName, DeviceName, describe};
pub use keys::{DeviceKeys, SecretsError};
pub use passphrase::{Passphrase, PassphraseTooShort};
