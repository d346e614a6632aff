use super::{Reader, public::padded};
use crate::key::{Curve, Hash, Key, Scheme};

/// A `TPMT_SIGNATURE` (Part 2, §11.3.4) by RSA or ECDSA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) scheme: Scheme,
    /// As [`Key::signed`] wants it.
    bytes: Vec<u8>,
}

impl Signature {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::of(bytes);
        let (kind, hash) = (reader.u16()?, reader.hash()?);
        let signature = match kind {
            RSASSA => Self { scheme: Scheme::Pkcs1(hash), bytes: reader.sized()?.to_vec() },
            RSAPSS => Self { scheme: Scheme::Pss(hash), bytes: reader.sized()?.to_vec() },
            ECDSA => Self { scheme: Scheme::Ecdsa(hash), bytes: ecdsa(reader.sized()?, reader.sized()?)? },
            _ => return None,
        };
        reader.end().map(|()| signature)
    }

    pub(crate) fn is_by(&self, key: &Key, message: &[u8]) -> bool {
        key.signed(self.scheme, message, &self.bytes)
    }

    pub(crate) const fn hash(&self) -> Hash {
        self.scheme.hash()
    }
}

/// `ECDSA-Sig-Value` of two numbers.
fn ecdsa(r: &[u8], s: &[u8]) -> Option<Vec<u8>> {
    let number = |number: &[u8]| {
        let number = padded(number, Curve::P521.length() + 1)?;
        // The zero that stays in front is its sign.
        let first = number.iter().position(|byte| *byte != 0)?;
        let first = if number.get(first)? & 0x80 == 0 { first } else { first - 1 };
        let number = number.get(first..)?;
        Some([&[0x02, u8::try_from(number.len()).ok()?], number].concat())
    };
    let numbers = [number(r)?, number(s)?].concat();
    let length = u8::try_from(numbers.len()).ok()?;
    let header: &[u8] = if length < 0x80 { &[0x30, length] } else { &[0x30, 0x81, length] };
    Some([header, &numbers].concat())
}

const RSASSA: u16 = 0x0014;
const RSAPSS: u16 = 0x0016;
const ECDSA: u16 = 0x0018;
