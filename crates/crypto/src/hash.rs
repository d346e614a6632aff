use std::fmt;

use data_encoding::HEXLOWER;
use ring::digest::{Context, SHA256};
use subtle::ConstantTimeEq;

use crate::Namespace;

/// A SHA-256 hash under a namespace, 32 bytes. Compared in constant time.
#[derive(Clone, Copy, Eq)]
pub struct Hash([u8; 32]);

/// A hash has exactly 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash has 32 bytes, this has {0}")]
pub struct HashLength(pub usize);

/// `SHA-256(len(namespace) ‖ namespace ‖ bytes)`.
#[must_use]
pub fn hash(namespace: Namespace, bytes: &[u8]) -> Hash {
    Hash::of(namespace, &[bytes])
}

impl Hash {
    /// 32 zero bytes: the hash before the first.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash of the parts, one after the other.
    #[must_use]
    pub fn of(namespace: Namespace, parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&[namespace.length()]);
        context.update(namespace.name().as_bytes());
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bytes, as a message field holds them.
    #[must_use]
    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// The first 16 bytes: how ids are made of hashes.
    #[must_use]
    pub fn first_16(&self) -> [u8; 16] {
        let mut first = [0; 16];
        first.copy_from_slice(self.0.split_at(16).0);
        first
    }
}

impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::hash::Hash for Hash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = HashLength;

    fn try_from(bytes: &[u8]) -> Result<Self, HashLength> {
        bytes.try_into().map(Self).map_err(|_| HashLength(bytes.len()))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}
