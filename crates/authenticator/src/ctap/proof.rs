use ciborium::Value;
use rand_core::CryptoRng;

use crate::authenticator::permission;
use crate::cbor::{Fields, bytes, integer};
use crate::token::Proven;
use crate::{
    Action, Authenticator, CredentialStore, CtapError, PinProtocol, UserVerification, VerificationRequirement,
};

/// What a request says to prove that the user was verified: `pinUvAuthParam` and `pinUvAuthProtocol`.
pub(super) enum Proof {
    None,
    /// An empty MAC: an older platform finds out which authenticator the user means (CTAP 2.1 §6.1.2 step 1).
    Probe,
    /// A MAC under the token that was given with this protocol.
    Mac(PinProtocol, Vec<u8>),
}

impl Proof {
    /// Reads both members of a request.
    pub(super) fn from_fields(fields: &mut Fields, (mac, protocol): (i64, i64)) -> Result<Self, CtapError> {
        let mac = fields.optional(mac).map(bytes).transpose()?;
        let protocol = fields.optional(protocol).map(integer).transpose()?;
        let Some(mac) = mac else { return Ok(Proof::None) };
        if mac.is_empty() {
            return Ok(Proof::Probe);
        }
        let protocol = PinProtocol::from_number(protocol.ok_or(CtapError::MissingParameter)?);
        Ok(Proof::Mac(protocol.ok_or(CtapError::InvalidParameter)?, mac))
    }

    pub(super) fn is_there(&self) -> bool {
        matches!(self, Proof::Mac(..))
    }
}

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// Checks a MAC over `message`. Without one the request is refused: it needs one.
    pub(super) fn prove(&mut self, proof: &Proof, message: &[u8]) -> Result<Proven<'_>, CtapError> {
        match (proof, self.session.token.as_mut()) {
            (Proof::None, _) => Err(CtapError::PuatRequired),
            (Proof::Mac(protocol, mac), Some(token)) => token.verify(*protocol, message, mac),
            (Proof::Mac(..), None) | (Proof::Probe, _) => Err(CtapError::PinAuthInvalid),
        }
    }

    /// Lets the user touch the authenticator that they mean, and tells whether it has a PIN.
    pub(super) fn answer_probe(&self, user: &mut dyn UserVerification) -> CtapError {
        match (permission(user, Action::Select, VerificationRequirement::Discouraged), self.store.device()) {
            (Err(error), _) => error,
            (Ok(_), Err(error)) => error.into(),
            (Ok(_), Ok(state)) if state.has_pin() => CtapError::PinInvalid,
            (Ok(_), Ok(_)) => CtapError::PinNotSet,
        }
    }

    /// Whether settings and large blobs are changed by nobody but a verified user: there is a PIN, or another way to verify,
    /// or verification is always required.
    pub(super) fn is_protected(&self, user: &dyn UserVerification) -> Result<bool, CtapError> {
        let state = self.store.device()?;
        Ok(state.has_pin() || user.can_verify() || state.always_uv)
    }
}

/// A subcommand's parameters as the MAC covers them: canonical CBOR, as they came; nothing if there were none.
pub(super) fn covered(parameters: Option<&Value>) -> Result<Vec<u8>, CtapError> {
    parameters.map_or(Ok(Vec::new()), crate::cbor::encode)
}
