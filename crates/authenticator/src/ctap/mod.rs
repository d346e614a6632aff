//! The CTAP2 message encoding (CTAP 2.1 §6, §8): a command byte and a CBOR map one way, a status
//! byte and a CBOR map the other.

mod client_pin;
mod config;
mod credential_management;
mod get_assertion;
mod get_info;
mod large_blobs;
mod make_credential;
mod members;
mod proof;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;

use ciborium::Value;
use rand_core::CryptoRng;

use crate::authenticator::{Pending, permission, strongest};
use crate::{
    Action, Authenticator, Channel, CredentialStore, CtapError, UnixMillis, UserVerification, VerificationRequirement,
    cbor,
};

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// Serves one CTAP2 request: command byte ‖ CBOR, at most 7,609 bytes, from the only platform that there is.
    pub fn call(&mut self, request: &[u8], user: &mut dyn UserVerification, now: &dyn Fn() -> UnixMillis) -> Vec<u8> {
        self.call_on(Channel::default(), request, user, now)
    }

    /// Serves one CTAP2 request of one of several platforms. The time is asked for again once the user has answered.
    ///
    /// The answer is a status byte, 0x00 and then CBOR if the request succeeded (nothing where there is nothing to tell),
    /// else [`CtapError::code`] alone.
    pub fn call_on(
        &mut self,
        channel: Channel,
        request: &[u8],
        user: &mut dyn UserVerification,
        now: &dyn Fn() -> UnixMillis,
    ) -> Vec<u8> {
        self.session.speak_on(channel);
        match self.dispatch(request, user, now) {
            Ok(response) => [[SUCCESS].as_slice(), &response].concat(),
            Err(error) => vec![error.code()],
        }
    }

    fn dispatch(
        &mut self,
        request: &[u8],
        user: &mut dyn UserVerification,
        clock: &dyn Fn() -> UnixMillis,
    ) -> Result<Vec<u8>, CtapError> {
        let now = clock();
        if request.len() > MAX_MESSAGE {
            return Err(CtapError::RequestTooLarge);
        }
        let (command, parameters) = request.split_first().ok_or(CtapError::InvalidLength)?;
        self.session.expire(now);
        // What was answered in part is over with any other command; each of these takes its own.
        let pending = self.session.take_pending();
        let response = match *command {
            MAKE_CREDENTIAL => self.serve_make_credential(cbor::decode(parameters)?, user, now)?,
            GET_ASSERTION => self.serve_get_assertion(cbor::decode(parameters)?, user, clock)?,
            GET_NEXT_ASSERTION => self.serve_next_assertion(none(parameters)?, pending, now)?,
            GET_INFO => self.serve_info(none(parameters)?, user)?,
            CLIENT_PIN => return self.serve_client_pin(cbor::decode(parameters)?, user, clock)?.map_or(EMPTY, encode),
            RESET => return self.serve_reset(none(parameters)?, user, now).and(EMPTY),
            SELECTION => {
                none(parameters)?;
                return permission(user, Action::Select, VerificationRequirement::Discouraged).and(EMPTY);
            }
            CREDENTIAL_MANAGEMENT | CREDENTIAL_MANAGEMENT_IN_DRAFTS => {
                let answer = self.serve_credential_management(cbor::decode(parameters)?, pending)?;
                return answer.map_or(EMPTY, encode);
            }
            LARGE_BLOBS => {
                let answer = self.serve_large_blobs(cbor::decode(parameters)?, pending, user)?;
                return answer.map_or(EMPTY, encode);
            }
            CONFIG => return self.serve_config(cbor::decode(parameters)?, user).and(EMPTY),
            _ => return Err(CtapError::InvalidCommand),
        };
        encode(response)
    }

    fn serve_next_assertion(&mut self, (): (), pending: Pending, now: UnixMillis) -> Result<Value, CtapError> {
        match pending {
            Pending::Assertions(next) => Ok(self.next_assertion(*next, now)?.to_cbor()),
            _ => Err(CtapError::NotAllowed),
        }
    }

    /// CTAP 2.1 §6.6. Without a display nobody can tell the user what is asked, so it is taken only right after power-up.
    fn serve_reset(&mut self, (): (), user: &mut dyn UserVerification, now: UnixMillis) -> Result<(), CtapError> {
        if !user.can_choose() && !self.session.is_fresh(now) {
            return Err(CtapError::NotAllowed);
        }
        // Whoever resets gets rid of the PIN: synced passkeys stay, and must not be had for less than it.
        let strongest = strongest(user);
        self.refuse_blocked_uv(true, user)?;
        let granted = permission(user, Action::Reset, strongest);
        self.counted(granted, strongest)?;
        self.store.reset()?;
        self.power_cycle(now)
    }
}

/// The parameters of a command that has none.
fn none(parameters: &[u8]) -> Result<(), CtapError> {
    if parameters.is_empty() { Ok(()) } else { Err(CtapError::InvalidLength) }
}

fn encode(response: Value) -> Result<Vec<u8>, CtapError> {
    cbor::encode(&response)
}

/// The longest request: what CTAPHID can carry (CTAP 2.1 §11.2.4).
pub(crate) const MAX_MESSAGE: usize = 7_609;

const EMPTY: Result<Vec<u8>, CtapError> = Ok(Vec::new());
const SUCCESS: u8 = 0x00;

const MAKE_CREDENTIAL: u8 = 0x01;
const GET_ASSERTION: u8 = 0x02;
const GET_INFO: u8 = 0x04;
const CLIENT_PIN: u8 = 0x06;
const RESET: u8 = 0x07;
const GET_NEXT_ASSERTION: u8 = 0x08;
const CREDENTIAL_MANAGEMENT: u8 = 0x0a;
const SELECTION: u8 = 0x0b;
/// libfido2 before 1.15 knows no other.
const CREDENTIAL_MANAGEMENT_IN_DRAFTS: u8 = 0x41;
const LARGE_BLOBS: u8 = 0x0c;
const CONFIG: u8 = 0x0d;
