use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes that stand in JSON as base64url without padding (WebAuthn's `Base64URLString`).
///
/// Read strictly: no padding, no other alphabet, no white space, no stray bits at the end.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Base64Url(pub(super) Vec<u8>);

impl Serialize for Base64Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Base64Url;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64url without padding")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Base64Url, E> {
                let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
                bytes.map(Base64Url).map_err(|_| E::custom("not base64url without padding"))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_is_read() {
        let read = |text: &str| serde_json::from_str::<Base64Url>(&format!("\"{text}\"")).map(|bytes| bytes.0);
        assert_eq!(read("-_8").unwrap(), [0xfb, 0xff]);
        assert!(read("").unwrap().is_empty());
        for wrong in ["-_8=", "+/8", "-_9", "-", "-_ 8", "-_8\\n"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<Base64Url>("[1, 2]").is_err());
        assert!(serde_json::from_str::<Base64Url>("null").is_err());
    }
}
