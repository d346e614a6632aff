use super::{Reader, name};
use crate::key::{Curve, Hash, Key};

/// A `TPMT_PUBLIC` (Part 2, §12.2.4) of an RSA or ECC key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Public {
    pub(crate) key: Key,
    pub(crate) name_hash: Hash,
    pub(crate) name: Vec<u8>,
    pub(crate) attributes: Attributes,
    /// By which a storage key encrypts what is below it; `None` for a key that signs.
    pub(crate) symmetric: Option<Symmetric>,
}

/// AES in CFB mode, with a key of so many bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Symmetric {
    pub(crate) bits: u16,
}

/// `TPMA_OBJECT` (Part 2, §8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attributes(u32);

impl Attributes {
    /// Never leaves this TPM, nor did it come from outside: `fixedTPM`, `fixedParent`, `sensitiveDataOrigin`.
    pub(crate) const fn is_of_this_tpm(self) -> bool {
        let all = 1 << 1 | 1 << 4 | 1 << 5;
        self.0 & all == all
    }

    /// Signs only what this TPM has made: `restricted`, `sign`, and not `decrypt`.
    pub(crate) const fn attests(self) -> bool {
        self.0 & (RESTRICTED | DECRYPT | SIGN) == RESTRICTED | SIGN
    }

    /// Decrypts only what this TPM then holds to its rules: `restricted`, `decrypt`, and not `sign`.
    pub(crate) const fn stores(self) -> bool {
        self.0 & (RESTRICTED | DECRYPT | SIGN) == RESTRICTED | DECRYPT
    }
}

impl Public {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let mut reader = Reader::of(bytes);
        let kind = reader.u16()?;
        let name_hash = reader.hash()?;
        let attributes = Attributes(reader.u32()?);
        let _policy = reader.sized()?;
        let symmetric = symmetric(&mut reader)?;
        scheme(&mut reader)?;
        let key = match kind {
            RSA => {
                let _bits = reader.u16()?;
                let exponent = match reader.u32()? {
                    0 => DEFAULT_EXPONENT,
                    other => other,
                };
                let bytes = exponent.to_be_bytes();
                let exponent = bytes.get(bytes.iter().position(|byte| *byte != 0)?..)?.to_vec();
                let modulus = reader.sized().filter(|modulus| modulus.first().is_some_and(|first| *first != 0))?;
                Key::Rsa { modulus: modulus.to_vec(), exponent }
            }
            ECC => {
                let curve = match reader.u16()? {
                    3 => Curve::P256,
                    4 => Curve::P384,
                    5 => Curve::P521,
                    _ => return None,
                };
                // The scheme by which it would derive keys.
                scheme(&mut reader)?;
                let (x, y) = (reader.sized()?, reader.sized()?);
                Key::of_coordinates(curve, &padded(x, curve.length())?, &padded(y, curve.length())?)?
            }
            _ => return None,
        };
        reader.end()?;
        Some(Self { key, name_hash, name: name(name_hash, bytes), attributes, symmetric })
    }
}

fn symmetric(reader: &mut Reader<'_>) -> Option<Option<Symmetric>> {
    match reader.u16()? {
        NONE => Some(None),
        AES => {
            let bits = reader.u16().filter(|bits| matches!(bits, 128 | 256))?;
            (reader.u16()? == CFB).then_some(Some(Symmetric { bits }))
        }
        _ => None,
    }
}

/// `TPMT_ASYM_SCHEME` or `TPMT_KDF_SCHEME`: none, or one with its hash alone.
fn scheme(reader: &mut Reader<'_>) -> Option<()> {
    match reader.u16()? {
        NONE | RSAES => Some(()),
        _ => reader.u16().map(drop),
    }
}

/// A number of a TPM's, which may leave zeros in front away.
pub(super) fn padded(number: &[u8], length: usize) -> Option<Vec<u8>> {
    let missing = length.checked_sub(number.len())?;
    Some([vec![0; missing].as_slice(), number].concat())
}

/// Of an RSA key of 4,096 bits, and some.
const LONGEST: usize = 1_024;
const DEFAULT_EXPONENT: u32 = 65_537;
const RESTRICTED: u32 = 1 << 16;
const DECRYPT: u32 = 1 << 17;
const SIGN: u32 = 1 << 18;
const RSA: u16 = 0x0001;
const AES: u16 = 0x0006;
const NONE: u16 = 0x0010;
const RSAES: u16 = 0x0015;
const ECC: u16 = 0x0023;
const CFB: u16 = 0x0043;
