use ciborium::Value;

use super::members::{Options, PUBLIC_KEY, credential_ids, hash, label, refuse_pin_token, rp_id, user};
use crate::cbor::{Fields, array, boolean, integer, integer_map, text};
use crate::{Attestation, CtapError, MakeCredential, RelyingParty, hmac_secret};

impl MakeCredential {
    /// Reads the parameters of authenticatorMakeCredential (CTAP 2.1 §6.1).
    pub(crate) fn from_cbor(value: Value) -> Result<Self, CtapError> {
        let mut fields = Fields::of(value)?;
        let client_data_hash = hash(fields.required(1)?)?;
        let relying_party = relying_party(fields.required(2)?)?;
        let user = user(fields.required(3)?)?;
        let algorithms = algorithms(fields.required(4)?)?;
        let exclude = fields.optional(5).map(credential_ids).transpose()?.unwrap_or_default();
        let hmac_secret = wants_hmac_secret(fields.optional(6))?;
        let options = Options::from_cbor(fields.optional(7))?;
        refuse_pin_token(fields.optional(8))?;
        // Presence can't be waived here; `rk` may be either, for every passkey is discoverable.
        if options.up == Some(false) {
            return Err(CtapError::InvalidOption);
        }
        Ok(MakeCredential {
            client_data_hash,
            relying_party,
            user,
            algorithms,
            exclude,
            verification: options.verification(),
            hmac_secret,
            prf: None,
        })
    }
}

impl Attestation {
    /// `{1: fmt, 2: authData, 3: attStmt}`.
    pub(crate) fn to_cbor(&self) -> Value {
        integer_map([
            (1, Value::from("none")),
            (2, Value::from(self.authenticator_data.clone())),
            (3, Value::Map(Vec::new())),
        ])
    }
}

/// A PublicKeyCredentialRpEntity.
fn relying_party(value: Value) -> Result<RelyingParty, CtapError> {
    let mut fields = Fields::of(value)?;
    Ok(RelyingParty { id: rp_id(fields.required("id")?)?, name: fields.optional("name").map(label).transpose()? })
}

/// The identifiers in `pubKeyCredParams`, in order; those of unknown type left out.
fn algorithms(value: Value) -> Result<Vec<i64>, CtapError> {
    let mut algorithms = Vec::new();
    for parameters in array(value)? {
        let mut fields = Fields::of(parameters)?;
        let algorithm = integer(fields.required("alg")?)?;
        if text(fields.required("type")?)? == PUBLIC_KEY {
            algorithms.push(algorithm);
        }
    }
    Ok(algorithms)
}

fn wants_hmac_secret(extensions: Option<Value>) -> Result<bool, CtapError> {
    let Some(extensions) = extensions else { return Ok(false) };
    let wanted = Fields::of(extensions)?.optional(hmac_secret::IDENTIFIER);
    Ok(wanted.map(boolean).transpose()?.unwrap_or(false))
}
