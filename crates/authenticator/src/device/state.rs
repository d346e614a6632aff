use std::fmt;

use ciborium::Value;
use thiserror::Error;
use zeroize::Zeroizing;

use super::{Pin, PinHash};
use crate::{
    CtapError, RpId,
    cbor::{self, Fields, array, boolean, bytes, integer, text},
};

/// The state of one device's authenticator: PIN, retries, settings. `Debug` prints no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceState {
    /// The PIN's hash and its length in code points.
    pub(crate) pin: Option<(PinHash, u8)>,
    pub(crate) pin_retries: u8,
    /// Of built-in user verification.
    pub(crate) uv_retries: u8,
    /// Wrong PINs in a row since the last power cycle.
    pub(crate) mismatches: u8,
    pub(crate) min_pin_length: u8,
    /// Relying parties that may learn the least length of a PIN.
    pub(crate) min_pin_rp_ids: Vec<RpId>,
    pub(crate) force_pin_change: bool,
    pub(crate) always_uv: bool,
    /// The persistent pinUvAuthToken, once one was asked for (CTAP 2.2, permission `pcmr`).
    pub(crate) persistent_token: Option<Zeroizing<[u8; 32]>>,
    /// Tells holders of the persistent token which device this is.
    pub(crate) identifier: Option<[u8; 16]>,
}

/// The bytes are no state of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the state of an authenticator")]
pub struct InvalidDeviceState;

impl Default for DeviceState {
    fn default() -> Self {
        DeviceState {
            pin: None,
            pin_retries: Self::PIN_RETRIES,
            uv_retries: Self::UV_RETRIES,
            mismatches: 0,
            min_pin_length: Pin::MIN_LENGTH,
            min_pin_rp_ids: Vec::new(),
            force_pin_change: false,
            always_uv: false,
            persistent_token: None,
            identifier: None,
        }
    }
}

impl DeviceState {
    /// Attempts at the PIN before only a reset helps.
    pub const PIN_RETRIES: u8 = 8;
    /// Attempts at built-in user verification before only the PIN helps.
    pub const UV_RETRIES: u8 = 5;
    /// Wrong PINs in a row that a power cycle must follow.
    pub const MISMATCHES: u8 = 3;
    /// The most relying parties that may learn the least length of a PIN.
    pub const MAX_RP_IDS: usize = 8;

    /// Whether a PIN is set.
    #[must_use]
    pub fn has_pin(&self) -> bool {
        self.pin.is_some()
    }

    /// How many attempts at the PIN are left.
    #[must_use]
    pub fn pin_retries(&self) -> u8 {
        self.pin_retries
    }

    /// The fewest characters of a new PIN.
    #[must_use]
    pub fn min_pin_length(&self) -> u8 {
        self.min_pin_length
    }

    /// Whether user verification is always required (`alwaysUv`).
    #[must_use]
    pub fn always_uv(&self) -> bool {
        self.always_uv
    }

    /// The state after the device was without power.
    #[must_use]
    pub fn power_cycled(mut self) -> Self {
        self.mismatches = 0;
        self
    }

    /// How often built-in verification may still fail (CTAP 2.1 §6.5.3.1).
    #[must_use]
    pub fn uv_retries(&self) -> u8 {
        self.uv_retries
    }

    pub(crate) fn restore_retries(&mut self) {
        self.pin_retries = Self::PIN_RETRIES;
        self.uv_retries = Self::UV_RETRIES;
        self.mismatches = 0;
    }

    /// A canonical CBOR map, to seal for storage.
    ///
    /// # Errors
    /// [`CtapError::Other`], never with a state that was made here.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, CtapError> {
        let mut entries = vec![
            (0, Value::from(VERSION)),
            (3, self.pin_retries.into()),
            (4, self.uv_retries.into()),
            (5, self.mismatches.into()),
            (6, self.min_pin_length.into()),
            (7, Value::Array(self.min_pin_rp_ids.iter().map(|id| Value::from(id.as_str())).collect())),
            (8, self.force_pin_change.into()),
            (9, self.always_uv.into()),
        ];
        if let Some((hash, length)) = &self.pin {
            entries.push((1, Value::from(hash.as_bytes().to_vec())));
            entries.push((2, Value::from(*length)));
        }
        entries.extend(self.persistent_token.as_ref().map(|token| (10, Value::from(token.to_vec()))));
        entries.extend(self.identifier.map(|identifier| (11, Value::from(identifier.to_vec()))));
        let map = Value::Map(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect());
        cbor::encode(&map).map(Zeroizing::new)
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`InvalidDeviceState`].
    pub fn decode(encoded: &[u8]) -> Result<Self, InvalidDeviceState> {
        read(encoded).ok().flatten().ok_or(InvalidDeviceState)
    }
}

impl fmt::Debug for DeviceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceState")
            .field("has_pin", &self.has_pin())
            .field("pin_retries", &self.pin_retries)
            .field("always_uv", &self.always_uv)
            .finish_non_exhaustive()
    }
}

/// `None` for what is CBOR, but out of range.
fn read(encoded: &[u8]) -> Result<Option<DeviceState>, CtapError> {
    let mut fields = Fields::of(cbor::decode(encoded)?)?;
    if integer(fields.required(0)?)? != VERSION {
        return Ok(None);
    }
    let hash = fields.optional(1).map(fixed).transpose()?.map(PinHash::from);
    let length = fields.optional(2).map(number).transpose()?;
    let ids = array(fields.required(7)?)?.into_iter().map(|id| {
        let id = text(id)?;
        RpId::try_from(id.as_str()).map_err(|_| CtapError::InvalidParameter)
    });
    let state = DeviceState {
        pin: hash.zip(length),
        pin_retries: number(fields.required(3)?)?,
        uv_retries: number(fields.required(4)?)?,
        mismatches: number(fields.required(5)?)?,
        min_pin_length: number(fields.required(6)?)?,
        min_pin_rp_ids: ids.collect::<Result<_, _>>()?,
        force_pin_change: boolean(fields.required(8)?)?,
        always_uv: boolean(fields.required(9)?)?,
        persistent_token: fields.optional(10).map(fixed).transpose()?.map(Zeroizing::new),
        identifier: fields.optional(11).map(fixed).transpose()?,
    };
    let is_fit = state.pin_retries <= DeviceState::PIN_RETRIES
        && state.uv_retries <= DeviceState::UV_RETRIES
        && state.min_pin_rp_ids.len() <= DeviceState::MAX_RP_IDS;
    Ok(is_fit.then_some(state))
}

fn number(value: Value) -> Result<u8, CtapError> {
    u8::try_from(integer(value)?).map_err(|_| CtapError::InvalidParameter)
}

fn fixed<const N: usize>(value: Value) -> Result<[u8; N], CtapError> {
    bytes(value)?.try_into().map_err(|_| CtapError::InvalidLength)
}

const VERSION: i64 = 1;
