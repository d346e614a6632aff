use ciborium::Value;

use crate::{
    CredentialId, CtapError, PrfOutput, PrfSalts, PublicKey, RelyingParty, User, VerificationRequirement, cbor,
};

/// A request to make a passkey: *authenticatorMakeCredential* (CTAP 2.1 §6.1, WebAuthn §6.3.2).
///
/// User presence is always asked for, and every passkey is discoverable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakeCredential {
    /// SHA-256 of the serialized client data.
    pub client_data_hash: [u8; 32],
    /// Who asks.
    pub relying_party: RelyingParty,
    /// For which account. A passkey that is here for the same handle is replaced.
    pub user: User,
    /// COSE algorithm identifiers, the most wanted first; unknown ones are passed over.
    pub algorithms: Vec<i64>,
    /// Credential ids of which none may be here. Of any length: other authenticators' too.
    pub exclude: Vec<Vec<u8>>,
    /// Whether the user must prove who they are.
    pub verification: VerificationRequirement,
    /// Whether authenticator data shall say that `hmac-secret` is there (it always is).
    pub hmac_secret: bool,
    /// Salts to evaluate at once, for our own client. They make verification required.
    pub prf: Option<PrfSalts>,
}

impl MakeCredential {
    pub(crate) fn verification(&self) -> VerificationRequirement {
        if self.prf.is_some() { VerificationRequirement::Required } else { self.verification }
    }
}

/// A passkey was made. The attestation is always `none` (WebAuthn §8.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The authenticator data.
    pub authenticator_data: Vec<u8>,
    /// The new passkey's id.
    pub credential_id: CredentialId,
    /// The new passkey's public key.
    pub public_key: PublicKey,
    /// What `prf` salts evaluated to. Never inside authenticator data.
    pub prf: Option<PrfOutput>,
}

impl Attestation {
    /// WebAuthn's attestation object (§6.5): `{"fmt": "none", "attStmt": {}, "authData": …}`.
    ///
    /// # Errors
    /// [`CtapError::Other`] if it can't be encoded.
    pub fn attestation_object(&self) -> Result<Vec<u8>, CtapError> {
        cbor::encode(&cbor::text_map([
            ("fmt", Value::from("none")),
            ("attStmt", Value::Map(Vec::new())),
            ("authData", Value::from(self.authenticator_data.clone())),
        ]))
    }
}
