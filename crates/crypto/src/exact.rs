//! Strict decoding: a message has one form, and any other is refused.
//!
//! The canonical form is what a proto3 encoder makes that writes the fields in ascending order, leaves out fields with
//! their default value and writes every varint in its shortest form. Unknown fields, repeated singular fields, explicit
//! defaults, reordered fields and overlong varints all differ from it.

use prost::Message;
use zeroize::Zeroizing;

/// Why bytes are not the canonical form of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// More bytes than the message may have; nothing was decoded.
    #[error("longer than the {limit} bytes that this message may have")]
    TooLong {
        /// The most bytes it may have.
        limit: usize,
    },
    /// Not this message, or with a field that this version does not know, or not in the canonical form.
    #[error("not the canonical form of this message")]
    NotCanonical,
}

/// Decodes `bytes` as the canonical form of `M`, at most `limit` bytes. They may hold secrets: no copy of them is left
/// behind, as far as `M` wipes its own when it is dropped.
///
/// # Errors
/// [`Malformed`]; nothing of the message is given out.
pub fn decode<M: Message + Default>(bytes: &[u8], limit: usize) -> Result<M, Malformed> {
    decode_as(bytes, limit, |message: &M| *Zeroizing::new(message.encode_to_vec()) == bytes)
}

/// The same for bytes that hold no secret, such as ciphertexts and signed entries: copies of them need no wiping, which takes
/// longer than all else here.
///
/// # Errors
/// [`Malformed`].
pub fn decode_public<M: Message + Default>(bytes: &[u8], limit: usize) -> Result<M, Malformed> {
    decode_as(bytes, limit, |message: &M| message.encode_to_vec() == bytes)
}

fn decode_as<M: Message + Default>(
    bytes: &[u8],
    limit: usize,
    encodes_to_them: impl Fn(&M) -> bool,
) -> Result<M, Malformed> {
    if bytes.len() > limit {
        return Err(Malformed::TooLong { limit });
    }
    let message = M::decode(bytes).map_err(|_| Malformed::NotCanonical)?;
    // Lengths first: a decoded message that re-encodes to as many bytes costs one more buffer of that size, no more.
    if message.encoded_len() == bytes.len() && encodes_to_them(&message) {
        Ok(message)
    } else {
        Err(Malformed::NotCanonical)
    }
}

#[cfg(test)]
mod tests {
    use keyfold_wire::v1::Receipt;

    use super::*;

    fn refused(bytes: &[u8]) {
        assert_eq!(decode::<Receipt>(bytes, 256), Err(Malformed::NotCanonical));
        assert_eq!(decode_public::<Receipt>(bytes, 256), Err(Malformed::NotCanonical));
    }

    #[test]
    fn only_the_canonical_form_is_a_message() {
        let receipt = Receipt { suite: 1, seq: 300, ..Receipt::default() };
        let bytes = receipt.encode_to_vec();
        assert_eq!(bytes, [0x08, 1, 0x20, 0xac, 0x02]);
        assert_eq!(decode::<Receipt>(&bytes, 256).as_ref(), Ok(&receipt));
        assert_eq!(decode_public::<Receipt>(&bytes, 256), Ok(receipt));

        refused(&[0x08, 1, 0x20, 0xac, 0x02, 0x78, 1]); // an unknown field
        refused(&[0x20, 0xac, 0x02, 0x08, 1]); // another order
        refused(&[0x08, 1, 0x20, 0xac, 0x82, 0]); // an overlong varint
        refused(&[0x08, 1, 0x08, 1, 0x20, 0xac, 0x02]); // a field twice
        refused(&[0x08, 1, 0x18, 0, 0x20, 0xac, 0x02]); // a default written out
        refused(&[0x08, 1, 0x20]); // cut short
    }

    #[test]
    fn a_long_message_is_refused_before_it_is_decoded() {
        assert_eq!(decode::<Receipt>(&[0; 9], 8), Err(Malformed::TooLong { limit: 8 }));
        assert_eq!(decode_public::<Receipt>(&[0; 9], 8), Err(Malformed::TooLong { limit: 8 }));
    }
}
