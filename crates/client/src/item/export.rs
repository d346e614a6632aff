use keyfold_crypto::{SUITE, Signable, SigningKey, VerifyingKey, exact, signing};
use keyfold_wire::{AccountId, MemberId, v1};

use super::ItemError;

/// That passkeys left the vault in a file: said by the device that wrote it, before it wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportRecord {
    /// Whose passkeys.
    pub account: AccountId,
    /// Who wrote the file.
    pub device: MemberId,
    /// When, Unix milliseconds.
    pub at: u64,
    /// How many passkeys are in it.
    pub passkeys: u64,
    /// How many other items.
    pub others: u64,
    /// SHA-256 of the file.
    pub file_hash: [u8; 32],
    /// Whether the file opens by a passphrase only.
    pub encrypted: bool,
}

/// An [`ExportRecord`] as its device signed it. That it has its form is checked, its signature is not: that takes the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedExport {
    signed: v1::Signed,
    record: ExportRecord,
}

impl ExportRecord {
    /// Signs the record under the device's key.
    #[must_use]
    pub fn sign(self, key: &SigningKey) -> SignedExport {
        let signed = key.sign(&v1::ExportRecord {
            suite: SUITE,
            account: self.account.to_vec(),
            device: self.device.to_vec(),
            at: self.at,
            passkeys: self.passkeys,
            others: self.others,
            file_hash: self.file_hash.to_vec(),
            encrypted: self.encrypted,
        });
        SignedExport { signed, record: self }
    }

    fn read(body: &[u8]) -> Result<Self, ItemError> {
        let record: v1::ExportRecord =
            exact::decode_public(body, v1::ExportRecord::MAX_LEN).map_err(|_| ItemError::Export)?;
        if record.suite != SUITE {
            return Err(ItemError::Export);
        }
        Ok(Self {
            account: record.account.as_slice().try_into().map_err(|_| ItemError::Export)?,
            device: record.device.as_slice().try_into().map_err(|_| ItemError::Export)?,
            at: record.at,
            passkeys: record.passkeys,
            others: record.others,
            file_hash: record.file_hash.as_slice().try_into().map_err(|_| ItemError::Export)?,
            encrypted: record.encrypted,
        })
    }
}

impl SignedExport {
    /// As it is told to tenants.
    pub(crate) const fn message(&self) -> &v1::Signed {
        &self.signed
    }

    /// What it says. Believe it only if [`Self::is_signed_by`] the device that it names.
    #[must_use]
    pub const fn record(&self) -> &ExportRecord {
        &self.record
    }

    /// Whether this key signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        signing::verify_bytes::<v1::ExportRecord>(key, &self.signed.body, &self.signed.signature).is_ok()
    }

    pub(super) fn to_wire(&self) -> v1::Signed {
        self.signed.clone()
    }

    pub(super) fn from_wire(signed: v1::Signed) -> Result<Self, ItemError> {
        if signed.signature.len() != SIGNATURE {
            return Err(ItemError::Export);
        }
        Ok(Self { record: ExportRecord::read(&signed.body)?, signed })
    }
}

const SIGNATURE: usize = 64;
