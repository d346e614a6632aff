use std::fmt;

use thiserror::Error;

use super::area::{self, Purpose, take, take_sized};

/// A passkey's private key that one TPM alone can use, wrapped by it, for the caller to store. To steal these bytes is of no use
/// without that TPM and the key's [`KeyAuth`](super::KeyAuth); to lose them is to lose the key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BoundKey(Wrapped);

/// A key that a TPM signs its own word with, stored likewise. One for each tenant: it is known again wherever it is used.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AttestationKey(Wrapped);

/// Bytes are no key of the kind, or not one that this program made. The message says no more: they are the caller's own store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("these bytes are no key of a TPM that this program stored: take them from where they were stored unchanged")]
pub(crate) struct NotAKey;

/// What a TPM made, as it wants it back.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Wrapped {
    /// The contents of a TPM2B_PRIVATE: encrypted and authenticated by the storage key, in the TPM's own way.
    pub(super) private: Vec<u8>,
    /// A TPMT_PUBLIC.
    pub(super) public: Vec<u8>,
    /// The name of the storage key: a hash of its public area.
    pub(super) parent: Name,
    purpose: Purpose,
    point: [u8; 65],
}

/// TPM_ALG_SHA256, and the hash.
pub(super) type Name = [u8; 34];

/// The storage key that a key was made below, for others to be made below the same: see [`Tpm::create`](super::Tpm::create).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StorageKey(pub(super) Name);

impl BoundKey {
    /// The public key: SEC 1, uncompressed.
    pub(crate) const fn point(&self) -> &[u8; 65] {
        &self.0.point
    }

    /// What it was made below.
    pub(crate) const fn storage_key(&self) -> StorageKey {
        StorageKey(self.0.parent)
    }

    /// For the store: a version (1), a TPM2B_PRIVATE, a TPM2B_PUBLIC and the storage key's name; at most 700 bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// From the store.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, NotAKey> {
        Self::new(Wrapped::from_bytes(bytes)?)
    }

    pub(super) fn new(wrapped: Wrapped) -> Result<Self, NotAKey> {
        if matches!(wrapped.purpose, Purpose::Passkey(_)) { Ok(Self(wrapped)) } else { Err(NotAKey) }
    }

    pub(super) const fn wrapped(&self) -> &Wrapped {
        &self.0
    }
}

impl AttestationKey {
    /// The public area, a TPMT_PUBLIC: what a server that makes a challenge for this key hashes to its name.
    pub(crate) fn public(&self) -> &[u8] {
        &self.0.public
    }

    /// What it was made below.
    pub(crate) const fn storage_key(&self) -> StorageKey {
        StorageKey(self.0.parent)
    }

    /// For the store, in the form of [`BoundKey::to_bytes`].
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// From the store.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, NotAKey> {
        Self::new(Wrapped::from_bytes(bytes)?)
    }

    pub(super) fn new(wrapped: Wrapped) -> Result<Self, NotAKey> {
        if wrapped.purpose == Purpose::Attestation { Ok(Self(wrapped)) } else { Err(NotAKey) }
    }

    pub(super) const fn wrapped(&self) -> &Wrapped {
        &self.0
    }
}

impl Wrapped {
    /// Of parts that fit.
    pub(super) fn new(private: &[u8], public: &[u8], parent: Name) -> Result<Self, NotAKey> {
        let (purpose, point) = area::read(public).ok_or(NotAKey)?;
        if private.is_empty() || private.len() > MAX_PRIVATE || !parent.starts_with(&NAME_BY_SHA256) {
            return Err(NotAKey);
        }
        Ok(Self { private: private.to_vec(), public: public.to_vec(), parent, purpose, point })
    }

    /// What it is for, by its public area.
    pub(super) const fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for part in [&self.private, &self.public] {
            // Both are bounded far below: in `new`, and by `area::read`.
            bytes.extend(u16::try_from(part.len()).unwrap_or_default().to_be_bytes());
            bytes.extend(part);
        }
        bytes.extend(self.parent);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, NotAKey> {
        let mut rest = bytes;
        let mut parts = || {
            let version = take(&mut rest, 1)?;
            let private = take_sized(&mut rest)?;
            let public = take_sized(&mut rest)?;
            let parent = Name::try_from(rest).ok()?;
            (version == [VERSION]).then_some((private, public, parent))
        };
        let (private, public, parent) = parts().ok_or(NotAKey)?;
        Self::new(private, public, parent)
    }
}

impl fmt::Debug for BoundKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoundKey(..)")
    }
}

impl fmt::Debug for AttestationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttestationKey(..)")
    }
}

const VERSION: u8 = 1;
const NAME_BY_SHA256: [u8; 2] = [0x00, 0x0b];
/// TPMs answer some 130 to 230 bytes for a P-256 key.
const MAX_PRIVATE: usize = 512;
