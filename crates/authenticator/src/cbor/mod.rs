//! CTAP2 canonical CBOR (CTAP 2.1 §8): read strictly, written canonically.
//!
//! Reading decodes, encodes again canonically and compares the bytes: whatever is not in the one
//! allowed form (long integers, indefinite lengths, unsorted keys, bytes behind …) differs.

mod fields;
#[cfg(test)]
mod tests;

use ciborium::Value;

pub(crate) use fields::{Fields, array, boolean, bytes, integer, text};

use crate::CtapError;

/// Reads one message.
///
/// # Errors
/// [`CtapError::RequestTooLarge`] over 65,536 bytes; [`CtapError::InvalidCbor`] for bytes that are
/// not CBOR, not canonical, followed by others, with tags, or nested more than four deep.
pub(crate) fn decode(bytes: &[u8]) -> Result<Value, CtapError> {
    if bytes.len() > MAX_MESSAGE {
        return Err(CtapError::RequestTooLarge);
    }
    let value: Value =
        ciborium::de::from_reader_with_recursion_limit(bytes, DECODER_RECURSION).map_err(|_| CtapError::InvalidCbor)?;
    let canonical = encode(&value).map_err(|_| CtapError::InvalidCbor)?;
    if canonical == bytes { Ok(value) } else { Err(CtapError::InvalidCbor) }
}

/// Writes one message.
///
/// # Errors
/// [`CtapError::Other`] for what canonical CBOR can't say: duplicate keys, tags, deeper nesting.
pub(crate) fn encode(value: &Value) -> Result<Vec<u8>, CtapError> {
    write(&canonical(value, MAX_DEPTH)?)
}

/// A map with integer keys, such as CTAP2 messages are.
pub(crate) fn integer_map<const N: usize>(entries: [(i64, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

/// A map with text keys, such as WebAuthn's attestation object is.
pub(crate) fn text_map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

/// A length or number of things.
pub(crate) fn count(number: usize) -> Value {
    Value::from(u64::try_from(number).unwrap_or(u64::MAX))
}

/// The same value with every map's keys in order.
fn canonical(value: &Value, depth_left: usize) -> Result<Value, CtapError> {
    match value {
        Value::Array(items) => {
            let depth_left = depth_left.checked_sub(1).ok_or(CtapError::Other)?;
            items.iter().map(|item| canonical(item, depth_left)).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Map(entries) => {
            let depth_left = depth_left.checked_sub(1).ok_or(CtapError::Other)?;
            canonical_map(entries, depth_left).map(Value::Map)
        }
        Value::Integer(_) | Value::Bytes(_) | Value::Text(_) | Value::Bool(_) | Value::Null | Value::Float(_) => {
            Ok(value.clone())
        }
        _ => Err(CtapError::Other),
    }
}

/// Canonical order is by major type, then length, then bytes. For keys in their shortest form
/// that is the order of the encoded bytes, because the first byte carries type and length.
fn canonical_map(entries: &[(Value, Value)], depth_left: usize) -> Result<Vec<(Value, Value)>, CtapError> {
    let mut keyed = entries
        .iter()
        .map(|(key, value)| Ok((write_key(key)?, (key.clone(), canonical(value, depth_left)?))))
        .collect::<Result<Vec<_>, CtapError>>()?;
    keyed.sort_by(|(one, _), (another, _)| one.cmp(another));
    if keyed.windows(2).any(|pair| matches!(pair, [(one, _), (another, _)] if one == another)) {
        return Err(CtapError::Other);
    }
    Ok(keyed.into_iter().map(|(_, entry)| entry).collect())
}

/// CTAP2 messages have integer and text keys only.
fn write_key(key: &Value) -> Result<Vec<u8>, CtapError> {
    match key {
        Value::Integer(_) | Value::Text(_) => write(key),
        _ => Err(CtapError::Other),
    }
}

fn write(value: &Value) -> Result<Vec<u8>, CtapError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|_| CtapError::Other)?;
    Ok(bytes)
}

const MAX_MESSAGE: usize = 65_536;
const MAX_DEPTH: usize = 4;
/// Above [`MAX_DEPTH`], so that ours is the limit that counts; low enough for any stack.
const DECODER_RECURSION: usize = 16;
