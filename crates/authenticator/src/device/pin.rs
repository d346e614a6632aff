use std::fmt;

use ring::digest;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use super::{DeviceMemory, DeviceState};
use crate::{CtapError, StoreError};

/// A PIN as somebody typed it: 4 to 63 bytes of UTF-8, in Normalization Form C (CTAP 2.1 §6.5.1). Zeroized on drop.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// The fewest characters (Unicode code points) that any PIN has; a device may be set to ask for more.
    pub const MIN_LENGTH: u8 = 4;
    /// The most bytes.
    pub const MAX_BYTES: usize = 63;

    /// A PIN. The caller has brought it into Normalization Form C.
    ///
    /// # Errors
    /// [`PinError::Policy`] outside the limits.
    pub fn new(text: Zeroizing<String>) -> Result<Self, PinError> {
        let pin = Pin(text);
        let is_fit = pin.length() >= Pin::MIN_LENGTH && pin.0.len() <= Pin::MAX_BYTES;
        if is_fit { Ok(pin) } else { Err(PinError::Policy) }
    }

    /// Its length in code points.
    fn length(&self) -> u8 {
        u8::try_from(self.0.chars().count()).unwrap_or(u8::MAX)
    }

    fn hash(&self) -> PinHash {
        PinHash::of(self.0.as_bytes())
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// The first 16 bytes of a PIN's SHA-256, which is all that platforms send and authenticators keep (CTAP 2.1 §6.5.5).
///
/// Compared in constant time. It is quickly guessed from: whoever keeps it seals it.
#[derive(Clone)]
pub struct PinHash(Zeroizing<[u8; 16]>);

impl PinHash {
    fn of(pin: &[u8]) -> Self {
        let mut hash = Zeroizing::new([0; 16]);
        for (byte, digested) in hash.iter_mut().zip(digest::digest(&digest::SHA256, pin).as_ref()) {
            *byte = *digested;
        }
        PinHash(hash)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for PinHash {
    fn from(bytes: [u8; 16]) -> Self {
        PinHash(Zeroizing::new(bytes))
    }
}

impl PartialEq for PinHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for PinHash {}

impl fmt::Debug for PinHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinHash(..)")
    }
}

/// Why a PIN was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PinError {
    /// None is set on this device; set one first.
    #[error("no PIN is set on this device")]
    NotSet,
    /// One is set already; change it.
    #[error("a PIN is set on this device already")]
    Set,
    /// It is wrong.
    #[error("the PIN is wrong; {left} attempts are left")]
    Wrong {
        /// How many more may be made.
        left: u8,
    },
    /// Three were wrong in a row: nothing is tried until the agent is started anew.
    #[error("the PIN was wrong three times in a row; start the agent anew to try again")]
    WrongInARow,
    /// All attempts are used up.
    #[error("the PIN was wrong too often; set a new one with the passphrase")]
    Blocked,
    /// It may only be changed.
    #[error("the PIN must be changed first")]
    MustChange,
    /// A new one is too short, too long, or the one that must be changed.
    #[error("the PIN is too short, longer than 63 bytes, or the one that must be changed")]
    Policy,
    /// The state can't be read or kept.
    #[error("the PIN's state is not available")]
    Unavailable,
}

impl From<StoreError> for PinError {
    fn from(_: StoreError) -> Self {
        PinError::Unavailable
    }
}

impl From<PinError> for CtapError {
    fn from(error: PinError) -> Self {
        match error {
            PinError::NotSet => CtapError::PinNotSet,
            PinError::Set => CtapError::PinAuthInvalid,
            PinError::Wrong { .. } | PinError::MustChange => CtapError::PinInvalid,
            PinError::WrongInARow => CtapError::PinAuthBlocked,
            PinError::Blocked => CtapError::PinBlocked,
            PinError::Policy => CtapError::PinPolicyViolation,
            PinError::Unavailable => CtapError::Other,
        }
    }
}

/// Verifies a PIN that the user typed into a prompt of this device.
///
/// # Errors
/// [`PinError`].
pub fn verify_pin(memory: &mut dyn DeviceMemory, pin: &Pin) -> Result<(), PinError> {
    let state = attempt(memory, &pin.hash())?;
    if state.force_pin_change { Err(PinError::MustChange) } else { Ok(()) }
}

/// Counts what became of built-in verification, durably; how often it may still fail (CTAP 2.1 §6.5.3.1). Who counts a failure before
/// it can happen loses none.
///
/// # Errors
/// [`StoreError`].
pub fn count_verification(memory: &mut dyn DeviceMemory, verified: bool) -> Result<u8, StoreError> {
    let mut state = memory.device()?;
    let left = if verified { DeviceState::UV_RETRIES } else { state.uv_retries.saturating_sub(1) };
    if left != state.uv_retries {
        state.uv_retries = left;
        memory.set_device(&state)?;
    }
    Ok(left)
}

/// Gives one attempt at built-in verification back: nothing was tried.
///
/// # Errors
/// [`StoreError`].
pub fn uncount_verification(memory: &mut dyn DeviceMemory) -> Result<(), StoreError> {
    let mut state = memory.device()?;
    state.uv_retries = state.uv_retries.saturating_add(1).min(DeviceState::UV_RETRIES);
    memory.set_device(&state)
}

/// Sets a PIN, whatever was there before: for somebody who was verified in a stronger way, such as by the passphrase. All
/// attempts are there again, and what platforms were given under the old PIN is void.
///
/// # Errors
/// [`PinError::Policy`], [`PinError::Unavailable`].
pub fn set_pin(memory: &mut dyn DeviceMemory, pin: &Pin) -> Result<(), PinError> {
    let mut state = memory.device()?;
    renew(&mut state, pin)?;
    Ok(memory.set_device(&state)?)
}

/// Changes a PIN.
///
/// # Errors
/// [`PinError`].
pub fn change_pin(memory: &mut dyn DeviceMemory, old: &Pin, new: &Pin) -> Result<(), PinError> {
    let mut state = attempt(memory, &old.hash())?;
    renew(&mut state, new)?;
    Ok(memory.set_device(&state)?)
}

/// Tries a PIN (CTAP 2.1 §6.5.5.6, verifyPinHashEnc): the attempt is counted, durably, before it is made. The state after
/// the right one.
pub(crate) fn attempt(memory: &mut dyn DeviceMemory, hash: &PinHash) -> Result<DeviceState, PinError> {
    let mut state = memory.device()?;
    let Some((own, _)) = state.pin.clone() else { return Err(PinError::NotSet) };
    if state.pin_retries == 0 {
        return Err(PinError::Blocked);
    }
    if state.mismatches >= DeviceState::MISMATCHES {
        return Err(PinError::WrongInARow);
    }
    state.pin_retries = state.pin_retries.saturating_sub(1);
    state.mismatches = state.mismatches.saturating_add(1);
    memory.set_device(&state)?;
    if own == *hash {
        state.restore_retries();
        memory.set_device(&state)?;
        return Ok(state);
    }
    Err(match (state.pin_retries, state.mismatches) {
        (0, _) => PinError::Blocked,
        (_, DeviceState::MISMATCHES..) => PinError::WrongInARow,
        (left, _) => PinError::Wrong { left },
    })
}

/// Writes another PIN into the state.
pub(crate) fn renew(state: &mut DeviceState, pin: &Pin) -> Result<(), PinError> {
    let hash = pin.hash();
    let is_the_old = state.pin.as_ref().is_some_and(|(old, _)| *old == hash);
    if pin.length() < state.min_pin_length || (state.force_pin_change && is_the_old) {
        return Err(PinError::Policy);
    }
    state.pin = Some((hash, pin.length()));
    state.force_pin_change = false;
    state.persistent_token = None;
    state.restore_retries();
    Ok(())
}
