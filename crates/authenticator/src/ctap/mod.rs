//! The CTAP2 message encoding (CTAP 2.1 §6, §8): a command byte and a CBOR map one way, a status
//! byte and a CBOR map the other.

mod get_assertion;
mod make_credential;
mod members;
#[cfg(test)]
mod tests;

use rand_core::CryptoRng;

use crate::{
    Authenticator, CredentialStore, CtapError, GetAssertion, MakeCredential, UnixMillis, UserVerification, cbor,
};

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// Serves one CTAP2 request: command byte ‖ CBOR. Knows authenticatorMakeCredential (0x01) and
    /// authenticatorGetAssertion (0x02).
    ///
    /// The answer is a status byte, 0x00 and then CBOR if the request succeeded, else
    /// [`CtapError::code`] alone.
    pub fn call(&mut self, request: &[u8], user: &mut dyn UserVerification, now: UnixMillis) -> Vec<u8> {
        match self.dispatch(request, user, now) {
            Ok(response) => [[SUCCESS].as_slice(), &response].concat(),
            Err(error) => vec![error.code()],
        }
    }

    fn dispatch(
        &mut self,
        request: &[u8],
        user: &mut dyn UserVerification,
        now: UnixMillis,
    ) -> Result<Vec<u8>, CtapError> {
        let (command, parameters) = request.split_first().ok_or(CtapError::InvalidLength)?;
        match *command {
            MAKE_CREDENTIAL => {
                let request = MakeCredential::from_cbor(cbor::decode(parameters)?)?;
                cbor::encode(&self.make_credential(&request, user, now)?.to_cbor())
            }
            GET_ASSERTION => {
                let request = GetAssertion::from_cbor(cbor::decode(parameters)?)?;
                cbor::encode(&self.get_assertion(&request, user)?.to_cbor())
            }
            _ => Err(CtapError::InvalidCommand),
        }
    }
}

const SUCCESS: u8 = 0x00;
const MAKE_CREDENTIAL: u8 = 0x01;
const GET_ASSERTION: u8 = 0x02;
