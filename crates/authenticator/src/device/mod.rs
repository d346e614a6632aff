//! What an authenticator keeps of itself on one device: the PIN with its retries, and settings. Never synced.

mod pin;
mod state;
#[cfg(test)]
mod tests;

pub use pin::{Pin, PinError, PinHash, change_pin, count_verification, set_pin, uncount_verification, verify_pin};
pub(crate) use pin::{attempt, renew};
pub use state::{DeviceState, InvalidDeviceState};

use crate::StoreError;

/// Where the state is kept. Implemented by the client's profile of this device, sealed under its secrets.
pub trait DeviceMemory {
    /// The state as it was kept last; [`DeviceState::default`] if none ever was.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it can't be read.
    fn device(&self) -> Result<DeviceState, StoreError>;

    /// Keeps another state. It is durable when this returns: a PIN is counted as tried before it is compared.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it can't be kept, or if somebody else kept another since it was read.
    fn set_device(&mut self, state: &DeviceState) -> Result<(), StoreError>;
}
