use std::fmt;

use tss_esapi::structures::Signature as TpmSignature;

use super::TpmError;

/// An ECDSA signature by P-256: r and s, 32 bytes each, big-endian; s is the lower of the two that verify, as everywhere in
/// Keyfold.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Signature([u8; 64]);

impl Signature {
    /// r, then s.
    pub(crate) const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// What the TPM answered. It may drop zeros at the front of numbers, and knows nothing of a lower s.
    pub(super) fn read(signature: &TpmSignature) -> Result<Self, TpmError> {
        let TpmSignature::EcDsa(signature) = signature else {
            return Err(TpmError::Nonsense("no ECDSA signature"));
        };
        let number = |bytes| padded(bytes).ok_or(TpmError::Nonsense("a number of more than 32 bytes"));
        let (r, s) = (number(signature.signature_r().value())?, number(signature.signature_s().value())?);
        let mut bytes = [0; 64];
        let (first, second) = bytes.split_at_mut(32);
        first.copy_from_slice(&r);
        second.copy_from_slice(&lower(s));
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

/// A number of 32 bytes, with zeros at the front.
pub(super) fn padded(bytes: &[u8]) -> Option<[u8; 32]> {
    let mut number = [0; 32];
    let start = number.len().checked_sub(bytes.len())?;
    number.get_mut(start..)?.copy_from_slice(bytes);
    Some(number)
}

/// n − s, where s is more than half of n. Signatures are public: time may depend on them.
fn lower(s: [u8; 32]) -> [u8; 32] {
    if s <= HALF_ORDER {
        return s;
    }
    let mut difference = [0; 32];
    let mut borrow = false;
    for ((digit, n), s) in difference.iter_mut().zip(ORDER).zip(s).rev() {
        let (value, first) = n.overflowing_sub(s);
        let (value, second) = value.overflowing_sub(u8::from(borrow));
        *digit = value;
        borrow = first || second;
    }
    // Not below n: no signature, and left as it is, so that it does not verify.
    if borrow { s } else { difference }
}

/// n of P-256 (SEC 2, 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// The half of it, rounded down.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d,
    0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn number(last: u8) -> [u8; 32] {
        let mut number = [0; 32];
        number[31] = last;
        number
    }

    #[test]
    fn s_is_the_lower_one() {
        let mut order_less_one = ORDER;
        order_less_one[31] -= 1;
        let mut above_half = HALF_ORDER;
        above_half[31] += 1;
        assert_eq!(lower(number(1)), number(1));
        assert_eq!(lower(order_less_one), number(1));
        assert_eq!(lower(HALF_ORDER), HALF_ORDER);
        assert_eq!(lower(above_half), HALF_ORDER);
        assert_eq!(lower([0xff; 32]), [0xff; 32]);
    }

    #[test]
    fn short_numbers_are_padded_and_long_ones_refused() {
        assert_eq!(padded(&[7]), Some(number(7)));
        assert_eq!(padded(&[]), Some([0; 32]));
        assert_eq!(padded(&[1; 32]), Some([1; 32]));
        assert_eq!(padded(&[1; 33]), None);
    }
}
