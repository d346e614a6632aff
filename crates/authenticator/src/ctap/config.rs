use ciborium::Value;
use rand_core::CryptoRng;

use super::proof::{Proof, covered};
use crate::cbor::{Fields, array, boolean, integer, text};
use crate::token::Permissions;
use crate::{Authenticator, CredentialStore, CtapError, DeviceState, PinError, RpId, UserVerification};

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// authenticatorConfig (CTAP 2.1 §6.11).
    pub(super) fn serve_config(&mut self, parameters: Value, user: &dyn UserVerification) -> Result<(), CtapError> {
        let mut fields = Fields::of(parameters)?;
        let subcommand = integer(fields.required(1)?)?;
        let parameters = fields.optional(2);
        let proof = Proof::from_fields(&mut fields, (4, 3))?;
        let code = u8::try_from(subcommand).map_err(|_| CtapError::InvalidSubcommand)?;
        if !matches!(subcommand, TOGGLE_ALWAYS_UV | SET_MIN_PIN_LENGTH) {
            return Err(CtapError::InvalidSubcommand);
        }
        if self.is_protected(user)? {
            let message = [[0xff; 32].as_slice(), &[0x0d, code], &covered(parameters.as_ref())?].concat();
            let proven = self.prove(&proof, &message)?;
            proven.allows(Permissions::CONFIGURATION)?;
        }
        let mut state = self.store.device()?;
        match subcommand {
            TOGGLE_ALWAYS_UV => state.always_uv = !state.always_uv,
            _ => set_min_pin_length(&mut state, parameters.ok_or(CtapError::MissingParameter)?)?,
        }
        Ok(self.store.set_device(&state)?)
    }
}

/// CTAP 2.1 §6.11.4. The length only grows.
fn set_min_pin_length(state: &mut DeviceState, parameters: Value) -> Result<(), CtapError> {
    let mut fields = Fields::of(parameters)?;
    let length = fields.optional(1).map(integer).transpose()?;
    let rp_ids = fields.optional(2).map(array).transpose()?;
    let force_change = fields.optional(3).map(boolean).transpose()? == Some(true);
    if let Some(length) = length {
        let length = u8::try_from(length).ok().filter(|length| (state.min_pin_length..=MAX_LENGTH).contains(length));
        state.min_pin_length = length.ok_or(CtapError::PinPolicyViolation)?;
    }
    if let Some(rp_ids) = rp_ids {
        if rp_ids.len() > DeviceState::MAX_RP_IDS {
            return Err(CtapError::KeyStoreFull);
        }
        let rp_id = |id: Value| RpId::try_from(text(id)?.as_str()).map_err(|_| CtapError::InvalidParameter);
        state.min_pin_rp_ids = rp_ids.into_iter().map(rp_id).collect::<Result<_, _>>()?;
    }
    match &state.pin {
        None if force_change => return Err(PinError::NotSet.into()),
        Some((_, length)) if force_change || *length < state.min_pin_length => state.force_pin_change = true,
        _ => {}
    }
    Ok(())
}

const TOGGLE_ALWAYS_UV: i64 = 2;
const SET_MIN_PIN_LENGTH: i64 = 3;
/// Every PIN of this many code points fits, if they are ASCII.
const MAX_LENGTH: u8 = 63;
