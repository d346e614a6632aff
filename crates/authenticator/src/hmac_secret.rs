//! The `hmac-secret` extension as a platform speaks it (CTAP 2.1 §12.5): salts and outputs are
//! encrypted between platform and authenticator.

use ciborium::Value;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::cbor::{Fields, bytes, integer};
use crate::{CtapError, KeyAgreement, Passkey, PinProtocol, PrfOutput, PrfSalts, SharedSecret};

/// The extension's name in CTAP2 maps.
pub(crate) const IDENTIFIER: &str = "hmac-secret";

/// The extension of makeCredential that evaluates at once (CTAP 2.2 §12.8).
pub(crate) const AT_CREATION: &str = "hmac-secret-mc";

/// What a platform sends with getAssertion, or with makeCredential as `hmac-secret-mc`.
#[derive(Clone, Debug, PartialEq)]
pub struct HmacSecretInput {
    /// Which protocol the rest is under; 1 where the platform names none.
    pub protocol: PinProtocol,
    /// The platform's public key, a COSE map.
    pub key_agreement: Value,
    /// One or two salts of 32 bytes, encrypted.
    pub salt_enc: Vec<u8>,
    /// The MAC over `salt_enc`.
    pub salt_auth: Vec<u8>,
}

impl HmacSecretInput {
    pub(crate) fn from_cbor(value: Value) -> Result<Self, CtapError> {
        let mut fields = Fields::of(value)?;
        let key_agreement = fields.required(1)?;
        let salt_enc = bytes(fields.required(2)?)?;
        let salt_auth = bytes(fields.required(3)?)?;
        let protocol = match fields.optional(4).map(integer).transpose()? {
            None => PinProtocol::One,
            Some(number) => PinProtocol::from_number(number).ok_or(CtapError::InvalidParameter)?,
        };
        Ok(HmacSecretInput { protocol, key_agreement, salt_enc, salt_auth })
    }

    /// Checks and decrypts the salts.
    pub(crate) fn open(self, own: &KeyAgreement) -> Result<OpenedHmacSecret, CtapError> {
        let secret = own.agree(self.protocol, self.key_agreement)?;
        secret.verify(&self.salt_enc, &self.salt_auth)?;
        let salts = salts_of(&secret.decrypt(&self.salt_enc)?).ok_or(CtapError::InvalidLength)?;
        Ok(OpenedHmacSecret { secret, salts })
    }
}

/// Salts that were checked, and the secret under which the outputs go back.
pub(crate) struct OpenedHmacSecret {
    secret: SharedSecret,
    pub(crate) salts: PrfSalts,
}

impl OpenedHmacSecret {
    /// The extension's output: one or two outputs of the passkey's function, encrypted.
    pub(crate) fn evaluate(
        &self,
        passkey: &Passkey,
        verified: bool,
        rng: &mut impl CryptoRng,
    ) -> Result<Value, CtapError> {
        let key = if verified { &passkey.cred_random_with_uv } else { &passkey.cred_random_without_uv };
        self.seal(&PrfOutput::evaluate(key, &self.salts), rng)
    }

    pub(crate) fn seal(&self, output: &PrfOutput, rng: &mut impl CryptoRng) -> Result<Value, CtapError> {
        let mut plaintext = Zeroizing::new(Vec::with_capacity(64));
        plaintext.extend(output.first());
        plaintext.extend(output.second().into_iter().flatten());
        Ok(Value::from(self.secret.encrypt(&plaintext, rng)?))
    }
}

fn salts_of(plaintext: &[u8]) -> Option<PrfSalts> {
    let (first, rest) = plaintext.split_first_chunk()?;
    let second = match rest {
        [] => None,
        rest => Some(rest.try_into().ok()?),
    };
    Some(PrfSalts { first: *first, second })
}
