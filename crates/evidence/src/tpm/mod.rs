//! What a TPM 2.0 marshals ("Trusted Platform Module Library", Part 2): public areas, attestations, signatures. Each is read whole,
//! within its own bytes.

mod attest;
mod public;
mod signature;

pub(crate) use attest::{Attest, Attested, Selection};
pub(crate) use public::{Public, Symmetric};
pub(crate) use signature::Signature;

use crate::key::Hash;

/// What is left to read, big-endian.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| *byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take().map(|bytes| u16::from_be_bytes(*bytes))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(|bytes| u32::from_be_bytes(*bytes))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(|bytes| u64::from_be_bytes(*bytes))
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A `TPM2B`: two bytes of length, and so many.
    pub(crate) fn sized(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u16()?);
        self.bytes(length)
    }

    /// `TPM_ALG_ID` of a hash. SHA-1 is none.
    pub(crate) fn hash(&mut self) -> Option<Hash> {
        match self.u16()? {
            SHA256 => Some(Hash::Sha256),
            SHA384 => Some(Hash::Sha384),
            SHA512 => Some(Hash::Sha512),
            _ => None,
        }
    }

    pub(crate) const fn end(self) -> Option<()> {
        if self.0.is_empty() { Some(()) } else { None }
    }
}

/// The `TPM_ALG_ID` of a hash.
pub(crate) const fn id(hash: Hash) -> u16 {
    match hash {
        Hash::Sha256 => SHA256,
        Hash::Sha384 => SHA384,
        Hash::Sha512 => SHA512,
    }
}

/// A name (Part 1, §16): how it is hashed, and the hash of what has it.
pub(crate) fn name(hash: Hash, named: &[u8]) -> Vec<u8> {
    [id(hash).to_be_bytes().as_slice(), &hash.of(named)].concat()
}

const SHA256: u16 = 0x000b;
const SHA384: u16 = 0x000c;
const SHA512: u16 = 0x000d;
