//! The extensions part of authenticator data.

use ciborium::Value;

use crate::CtapError;
use crate::cbor::{Fields, boolean};

/// Outputs by extension identifier.
#[derive(Default)]
pub(crate) struct Outputs(Vec<(Value, Value)>);

impl Outputs {
    pub(crate) const CRED_BLOB: &str = "credBlob";
    pub(crate) const CRED_PROTECT: &str = "credProtect";
    pub(crate) const HMAC_SECRET: &str = crate::hmac_secret::IDENTIFIER;
    pub(crate) const HMAC_SECRET_AT_CREATION: &str = crate::hmac_secret::AT_CREATION;
    pub(crate) const MIN_PIN_LENGTH: &str = "minPinLength";

    pub(crate) fn add(&mut self, identifier: &str, output: Value) {
        self.0.push((Value::from(identifier), output));
    }

    /// The map; none without outputs.
    pub(crate) fn into_map(self) -> Option<Value> {
        if self.0.is_empty() { None } else { Some(Value::Map(self.0)) }
    }
}

/// The input `largeBlobKey`, which is `true` or absent (CTAP 2.1 §12.3).
pub(crate) fn large_blob_key(fields: &mut Fields) -> Result<bool, CtapError> {
    match fields.optional("largeBlobKey").map(boolean).transpose()? {
        None => Ok(false),
        Some(true) => Ok(true),
        Some(false) => Err(CtapError::InvalidOption),
    }
}
