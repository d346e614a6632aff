use ciborium::Value;

use crate::CtapError;

/// The members of a CBOR map, taken out one by one. What is not taken is unknown and ignored, as
/// CTAP 2.1 §8 asks.
pub(crate) struct Fields(Vec<(Value, Value)>);

impl Fields {
    pub(crate) fn of(value: Value) -> Result<Self, CtapError> {
        value.into_map().map(Fields).map_err(|_| CtapError::UnexpectedType)
    }

    /// The member under an integer or text key, if there is one.
    pub(crate) fn optional(&mut self, key: impl Into<Value>) -> Option<Value> {
        let key = key.into();
        let position = self.0.iter().position(|(held, _)| *held == key)?;
        Some(self.0.swap_remove(position).1)
    }

    pub(crate) fn required(&mut self, key: impl Into<Value>) -> Result<Value, CtapError> {
        self.optional(key).ok_or(CtapError::MissingParameter)
    }
}

pub(crate) fn bytes(value: Value) -> Result<Vec<u8>, CtapError> {
    value.into_bytes().map_err(|_| CtapError::UnexpectedType)
}

pub(crate) fn text(value: Value) -> Result<String, CtapError> {
    value.into_text().map_err(|_| CtapError::UnexpectedType)
}

pub(crate) fn boolean(value: Value) -> Result<bool, CtapError> {
    value.into_bool().map_err(|_| CtapError::UnexpectedType)
}

pub(crate) fn array(value: Value) -> Result<Vec<Value>, CtapError> {
    value.into_array().map_err(|_| CtapError::UnexpectedType)
}

/// An integer. One beyond 64 bits signed names nothing in CTAP2.
pub(crate) fn integer(value: Value) -> Result<i64, CtapError> {
    let integer = value.into_integer().map_err(|_| CtapError::UnexpectedType)?;
    i64::try_from(integer).map_err(|_| CtapError::InvalidParameter)
}
