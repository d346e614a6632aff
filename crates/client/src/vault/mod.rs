//! The vault of one profile: locked, with what anybody may see; unlocked, with its passkeys.

mod backup;
mod bound_keys;
mod ceremonies;
mod contents;
mod credential_store;
mod ctap;
mod device_records;
mod edits;
mod epoch_keys;
mod error;
mod held;
mod history;
mod keyring;
mod lock;
mod locked;
mod pin;
mod safety_number;
mod sealed_record;
mod signals;
mod status;
mod stored;
mod tenants;
mod unlocked;

pub use ceremonies::{RegisterError, Registered, SignInError, SignedIn, Used};
pub use contents::{Contents, Origin, Unreadable, VaultItem};
pub use credential_store::PasskeySnapshot;
pub use ctap::{CtapAuthenticator, Served};
pub use device_records::DeviceRecords;
pub use error::VaultError;
pub use held::Held;
pub use history::{MassDeletion, PastItem};
pub use keyring::{Disabled, KeyringState};
pub use lock::{Locked, Wiped, wipe};
pub use locked::LocalVault;
pub use pin::new_pin;
pub use signals::{CandidatesError, SignalledError};
pub use status::{DeviceStatus, RecoveryStatus, Status};
pub use unlocked::UnlockedVault;

use bound_keys::BoundKeys;
pub(crate) use contents::read_shown;
pub(crate) use edits::ItemEdit;
pub(crate) use epoch_keys::{EpochKeys, is_named, is_named_link, joined_by};
pub(crate) use held::replay;
pub(crate) use history::restored;
pub(crate) use lock::open_secrets;
