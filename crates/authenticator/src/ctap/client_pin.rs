use ciborium::Value;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::members::rp_id;
use crate::authenticator::{consent, permission};
use crate::cbor::{Fields, bytes, integer, integer_map};
use crate::device::{attempt, count_verification, renew};
use crate::token::{Permissions, PinUvAuthToken};
use crate::{
    Action, Authenticator, CredentialStore, CtapError, DeviceState, KeyAgreement, Pin, PinError, PinHash, PinProtocol,
    Prompt, RelyingParty, RpId, SharedSecret, UnixMillis, UserVerification, VerificationRequirement,
};

/// authenticatorClientPIN as it came (CTAP 2.1 §6.5.5).
struct Request {
    protocol: Option<PinProtocol>,
    subcommand: i64,
    key_agreement: Option<Value>,
    mac: Option<Vec<u8>>,
    new_pin: Option<Vec<u8>>,
    pin_hash: Option<Vec<u8>>,
    permissions: Option<i64>,
    rp_id: Option<RpId>,
}

impl Request {
    fn from_cbor(value: Value) -> Result<Self, CtapError> {
        let mut fields = Fields::of(value)?;
        let protocol = fields.optional(1).map(integer).transpose()?;
        let protocol = protocol.map(|number| PinProtocol::from_number(number).ok_or(CtapError::InvalidParameter));
        Ok(Request {
            protocol: protocol.transpose()?,
            subcommand: integer(fields.required(2)?)?,
            key_agreement: fields.optional(3),
            mac: fields.optional(4).map(bytes).transpose()?,
            new_pin: fields.optional(5).map(bytes).transpose()?,
            pin_hash: fields.optional(6).map(bytes).transpose()?,
            permissions: fields.optional(9).map(integer).transpose()?,
            rp_id: fields.optional(10).map(rp_id).transpose()?,
        })
    }

    fn protocol(&self) -> Result<PinProtocol, CtapError> {
        self.protocol.ok_or(CtapError::MissingParameter)
    }

    /// The secret shared with the platform that sent its public key.
    fn shared_secret(&self, own: &KeyAgreement) -> Result<SharedSecret, CtapError> {
        let peer = self.key_agreement.clone().ok_or(CtapError::MissingParameter)?;
        Ok(own.agree(self.protocol()?, peer)?)
    }

    /// What is asked for: permissions, and for which relying party; both ceremonies need one (CTAP 2.1 §6.5.5.7).
    fn scope(&self) -> Result<(Permissions, Option<RpId>), CtapError> {
        let permissions = Permissions::asked_for(self.permissions.ok_or(CtapError::MissingParameter)?)?;
        if permissions.include(Permissions::DEFAULT) && self.rp_id.is_none() {
            return Err(CtapError::MissingParameter);
        }
        Ok((permissions, self.rp_id.clone()))
    }

    /// The older subcommand asks for nothing in particular.
    fn no_scope(&self) -> Result<(Permissions, Option<RpId>), CtapError> {
        match (self.permissions, &self.rp_id) {
            (None, None) => Ok((Permissions::DEFAULT, None)),
            _ => Err(CtapError::InvalidParameter),
        }
    }
}

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    pub(super) fn serve_client_pin(
        &mut self,
        parameters: Value,
        user: &mut dyn UserVerification,
        clock: &dyn Fn() -> UnixMillis,
    ) -> Result<Option<Value>, CtapError> {
        let now = clock();
        let request = Request::from_cbor(parameters)?;
        match request.subcommand {
            GET_PIN_RETRIES => self.pin_retries().map(Some),
            GET_KEY_AGREEMENT => {
                request.protocol()?;
                Ok(Some(integer_map([(KEY_AGREEMENT, self.key_agreement.public_key())])))
            }
            SET_PIN => self.set_pin(&request, user).map(|()| None),
            CHANGE_PIN => self.change_pin(&request).map(|()| None),
            GET_PIN_TOKEN => {
                let scope = request.no_scope()?;
                self.token_by_pin(&request, scope, PinError::MustChange.into(), now).map(Some)
            }
            GET_TOKEN_USING_PIN => {
                let scope = request.scope()?;
                self.token_by_pin(&request, scope, CtapError::PinPolicyViolation, now).map(Some)
            }
            GET_TOKEN_USING_UV if user.can_verify() => self.token_by_uv(&request, user, clock).map(Some),
            GET_UV_RETRIES if user.can_verify() => {
                Ok(Some(integer_map([(UV_RETRIES, Value::from(self.store.device()?.uv_retries))])))
            }
            _ => Err(CtapError::InvalidSubcommand),
        }
    }

    fn pin_retries(&self) -> Result<Value, CtapError> {
        let state = self.store.device()?;
        if !state.has_pin() {
            return Err(CtapError::PinNotSet);
        }
        let needs_power_cycle = state.mismatches >= DeviceState::MISMATCHES;
        Ok(integer_map([(PIN_RETRIES, state.pin_retries.into()), (POWER_CYCLE_STATE, needs_power_cycle.into())]))
    }

    /// Without a PIN whoever can be verified otherwise is: else the first program that asks would choose what proves who is
    /// there. (A security key whose passkeys nobody has used yet takes any first PIN.)
    fn set_pin(&mut self, request: &Request, user: &mut dyn UserVerification) -> Result<(), CtapError> {
        let secret = request.shared_secret(&self.key_agreement)?;
        let mac = request.mac.as_deref().ok_or(CtapError::MissingParameter)?;
        let new_pin = request.new_pin.as_deref().ok_or(CtapError::MissingParameter)?;
        let mut state = self.store.device()?;
        if state.has_pin() {
            return Err(PinError::Set.into());
        }
        secret.verify(new_pin, mac)?;
        renew(&mut state, &opened_pin(&secret, new_pin)?)?;
        if user.can_verify() {
            self.refuse_blocked_uv(true, user)?;
            let granted = permission(user, Action::SetPin, VerificationRequirement::Required);
            self.counted(granted, VerificationRequirement::Required)?;
            // Whoever was verified may have used an attempt.
            let pin = state.pin.take();
            state = self.store.device()?;
            if state.has_pin() {
                return Err(PinError::Set.into());
            }
            state.pin = pin;
            state.restore_retries();
        }
        Ok(self.store.set_device(&state)?)
    }

    fn change_pin(&mut self, request: &Request) -> Result<(), CtapError> {
        let secret = request.shared_secret(&self.key_agreement)?;
        let mac = request.mac.as_deref().ok_or(CtapError::MissingParameter)?;
        let new_pin = request.new_pin.as_deref().ok_or(CtapError::MissingParameter)?;
        let pin_hash = request.pin_hash.as_deref().ok_or(CtapError::MissingParameter)?;
        self.refuse_blocked()?;
        secret.verify(&[new_pin, pin_hash].concat(), mac)?;
        let mut state = self.try_pin(&secret, pin_hash)?;
        renew(&mut state, &opened_pin(&secret, new_pin)?)?;
        self.store.set_device(&state)?;
        self.session.token = None;
        Ok(())
    }

    fn token_by_pin(
        &mut self,
        request: &Request,
        scope: (Permissions, Option<RpId>),
        must_change: CtapError,
        now: UnixMillis,
    ) -> Result<Value, CtapError> {
        let secret = request.shared_secret(&self.key_agreement)?;
        let pin_hash = request.pin_hash.as_deref().ok_or(CtapError::MissingParameter)?;
        self.refuse_blocked()?;
        let state = self.try_pin(&secret, pin_hash)?;
        if state.force_pin_change {
            return Err(must_change);
        }
        self.give_token(request.protocol()?, &secret, scope, now)
    }

    /// CTAP 2.1 §6.5.5.7.3. The prompt says for which relying party.
    fn token_by_uv(
        &mut self,
        request: &Request,
        user: &mut dyn UserVerification,
        clock: &dyn Fn() -> UnixMillis,
    ) -> Result<Value, CtapError> {
        let secret = request.shared_secret(&self.key_agreement)?;
        let scope = request.scope()?;
        self.refuse_blocked_uv(true, user)?;
        let relying_party = scope.1.as_ref().map(|id| RelyingParty { id: id.clone(), name: None });
        let prompt = Prompt {
            action: if scope.0.reach_beyond_ceremonies() { Action::Administer } else { Action::Verify },
            relying_party: relying_party.as_ref(),
            accounts: &[],
            verification: VerificationRequirement::Required,
            answer_within: None,
        };
        let verified = consent(user, &prompt).map(drop);
        self.counted(verified, VerificationRequirement::Required)?;
        self.give_token(request.protocol()?, &secret, scope, clock())
    }

    /// Where built-in user verification has failed too often only the PIN helps (CTAP 2.1 §6.5.3.1).
    pub(super) fn refuse_blocked_uv(&self, is_asked: bool, user: &dyn UserVerification) -> Result<(), CtapError> {
        let is_blocked = is_asked && user.can_verify() && self.store.device()?.uv_retries == 0;
        if is_blocked { Err(CtapError::UvBlocked) } else { Ok(()) }
    }

    /// Counts what became of built-in user verification.
    pub(super) fn counted<T>(
        &mut self,
        asked: Result<T, CtapError>,
        verification: VerificationRequirement,
    ) -> Result<T, CtapError> {
        match asked {
            Ok(_) if verification == VerificationRequirement::Required => {
                count_verification(&mut self.store, true)?;
                asked
            }
            Err(CtapError::UvInvalid) if count_verification(&mut self.store, false)? == 0 => Err(CtapError::UvBlocked),
            asked => asked,
        }
    }

    fn refuse_blocked(&self) -> Result<(), CtapError> {
        let state = self.store.device()?;
        if state.has_pin() && state.pin_retries == 0 { Err(CtapError::PinBlocked) } else { Ok(()) }
    }

    /// Tries a PIN whose hash came encrypted. After a wrong one platforms must agree on another secret, so that each attempt
    /// costs them one.
    fn try_pin(&mut self, secret: &SharedSecret, pin_hash: &[u8]) -> Result<DeviceState, CtapError> {
        let hash = secret
            .decrypt(pin_hash)
            .ok()
            .and_then(|hash| Some(PinHash::from(<[u8; 16]>::try_from(hash.as_slice()).ok()?)));
        // What is no hash at all is a wrong one, and counts.
        let tried = attempt(&mut self.store, &hash.unwrap_or_else(|| PinHash::from([0; 16])));
        if matches!(tried, Err(PinError::Wrong { .. } | PinError::WrongInARow | PinError::Blocked)) {
            self.key_agreement = KeyAgreement::generate(&mut self.rng);
        }
        Ok(tried?)
    }

    fn give_token(
        &mut self,
        protocol: PinProtocol,
        secret: &SharedSecret,
        (permissions, rp_id): (Permissions, Option<RpId>),
        now: UnixMillis,
    ) -> Result<Value, CtapError> {
        let sealed = if permissions.include(Permissions::PERSISTENT_READ_ONLY) {
            let token = self.persistent_token()?;
            secret.encrypt(token.as_slice(), &mut self.rng)?
        } else {
            let token = PinUvAuthToken::begin(protocol, permissions, rp_id, now, &mut self.rng);
            let sealed = secret.encrypt(token.secret(), &mut self.rng)?;
            self.session.token = Some(token);
            sealed
        };
        Ok(integer_map([(PIN_UV_AUTH_TOKEN, Value::from(sealed))]))
    }

    /// The token that stays (CTAP 2.2 §6.5.2.2): drawn when it is first asked for, void with the PIN.
    fn persistent_token(&mut self) -> Result<Zeroizing<[u8; 32]>, CtapError> {
        let mut state = self.store.device()?;
        if let Some(token) = state.persistent_token {
            return Ok(token);
        }
        let (mut token, mut identifier) = (Zeroizing::new([0; 32]), [0; 16]);
        self.rng.fill_bytes(token.as_mut_slice());
        self.rng.fill_bytes(&mut identifier);
        state.persistent_token = Some(token.clone());
        state.identifier.get_or_insert(identifier);
        self.store.set_device(&state)?;
        Ok(token)
    }
}

/// A new PIN: 64 bytes, of which trailing zeros are padding.
fn opened_pin(secret: &SharedSecret, sealed: &[u8]) -> Result<Pin, CtapError> {
    let padded = secret.decrypt(sealed)?;
    if padded.len() != PADDED_PIN {
        return Err(CtapError::InvalidParameter);
    }
    let length = padded.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let text = padded.get(..length).and_then(|text| std::str::from_utf8(text).ok());
    Ok(Pin::new(Zeroizing::new(text.ok_or(CtapError::PinPolicyViolation)?.to_owned()))?)
}

const PADDED_PIN: usize = 64;

// Subcommands
const GET_PIN_RETRIES: i64 = 1;
const GET_KEY_AGREEMENT: i64 = 2;
const SET_PIN: i64 = 3;
const CHANGE_PIN: i64 = 4;
const GET_PIN_TOKEN: i64 = 5;
const GET_TOKEN_USING_UV: i64 = 6;
const GET_UV_RETRIES: i64 = 7;
const GET_TOKEN_USING_PIN: i64 = 9;

// Members of the response
const KEY_AGREEMENT: i64 = 1;
const PIN_UV_AUTH_TOKEN: i64 = 2;
const PIN_RETRIES: i64 = 3;
const POWER_CYCLE_STATE: i64 = 4;
const UV_RETRIES: i64 = 5;
