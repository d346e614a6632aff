//! CBOR (RFC 8949) as CTAP wants it: one way to write each value.

use ciborium::Value;

/// One item, and what comes after it. `None` for what is none, or is not in the canonical form of CTAP 2.1 §8, or nested more deeply
/// than any message of WebAuthn.
pub(crate) fn split(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let mut rest = bytes;
    let value: Value = ciborium::from_reader(&mut rest).ok()?;
    let taken = bytes.get(..bytes.len() - rest.len())?;
    (is_canonical(&value, DEEPEST) && encode(&value) == taken).then_some((value, rest))
}

/// One item and nothing else.
pub(crate) fn decode(bytes: &[u8]) -> Option<Value> {
    split(bytes).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Memory takes all that is written.
    let _ = ciborium::into_writer(value, &mut bytes);
    bytes
}

/// Whether the keys of each map ascend (the lesser major type first, then the shorter encoding, then the lesser bytes), and it is
/// nested no deeper than that.
fn is_canonical(value: &Value, deepest: u8) -> bool {
    let Some(deeper) = deepest.checked_sub(1) else { return false };
    match value {
        Value::Map(entries) => {
            let keys: Vec<Vec<u8>> = entries.iter().map(|(key, _)| encode(key)).collect();
            let ascend = keys.windows(2).all(|pair| matches!(pair, [one, other] if order(one) < order(other)));
            ascend && entries.iter().all(|(key, value)| is_canonical(key, deeper) && is_canonical(value, deeper))
        }
        Value::Array(items) => items.iter().all(|item| is_canonical(item, deeper)),
        Value::Tag(..) => false,
        _ => true,
    }
}

fn order(key: &[u8]) -> (u8, usize, &[u8]) {
    (key.first().copied().unwrap_or_default() >> 5, key.len(), key)
}

/// The members of a map, each by its name; every one must be taken.
pub(crate) struct Members(Vec<(Value, Value)>);

impl Members {
    pub(crate) fn of(value: Value) -> Option<Self> {
        value.into_map().ok().map(Self)
    }

    pub(crate) fn take(&mut self, name: &Value) -> Option<Value> {
        let place = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(place).1)
    }

    /// By a small number.
    pub(crate) fn number(&mut self, name: u8) -> Option<Value> {
        self.take(&Value::from(name))
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<Value> {
        self.take(&Value::from(name))
    }

    /// Nothing is left.
    pub(crate) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Levels: an attestation object, its statement, a list in it, a certificate; and some to spare.
const DEEPEST: u8 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_way_to_write_a_value() {
        let canonical = [b"\xa2\x01\x02\x20\x03".as_slice(), b"\xa2\x61b\x01\x62aa\x02", b"\x18\x18", b"\x80"];
        for bytes in canonical {
            assert!(decode(bytes).is_some(), "{bytes:x?}");
        }
        let others = [
            // Members in another order, or twice.
            b"\xa2\x20\x03\x01\x02".as_slice(),
            b"\xa2\x62aa\x02\x61b\x01",
            b"\xa2\x01\x02\x01\x02",
            // A number, a length longer than it need be; an end that is not said before; a tag; more than one.
            b"\x18\x17",
            b"\x58\x01a",
            b"\x9f\x01\xff",
            b"\xc0\x60",
            b"\x01\x01",
            b"\x61",
            b"\x81\x81\x81\x81\x81\x81\x81\x81\x80",
            b"",
        ];
        for bytes in others {
            assert!(decode(bytes).is_none(), "{bytes:x?}");
        }
    }
}
