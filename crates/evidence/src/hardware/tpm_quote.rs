//! What a TPM 2.0 says of what its computer booted: a quote over a server's nonce, by an attestation key.

use crate::{
    key::Hash,
    tpm::{self, Attest, Attested, Public, Selection, Signature},
};

/// An attestation key: one that signs nothing but what its TPM has made. That it is in a certain TPM is shown by
/// [`Endorsement::credential`](super::Endorsement::credential).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationKey {
    pub(super) public: Public,
    qualified_name: Vec<u8>,
}

/// What an attestation key stands below in its TPM.
#[derive(Debug, Clone, Copy)]
pub enum Parent<'a> {
    /// The root of the hierarchy of the TPM's owner.
    Owner,
    /// The root of the endorsement hierarchy.
    Endorsement,
    /// An endorsement key (`TPMT_PUBLIC`), which stands below that.
    Key(&'a [u8]),
}

/// A quote.
#[derive(Debug, Clone, Copy)]
pub struct Quote<'a> {
    /// What is signed (`TPMS_ATTEST`).
    pub attest: &'a [u8],
    /// The signature (`TPMT_SIGNATURE`).
    pub signature: &'a [u8],
}

/// Registers that the quote has to cover, of the bank for SHA-256: number and value, by ascending numbers. Those and no others.
pub type Bank = [(u8, [u8; 32])];

/// What a quote tells beside the registers. A TPM obscures both for keys outside the endorsement hierarchy, for each in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted {
    /// The TPM's firmware.
    pub firmware_version: u64,
    /// How often the TPM was reset: how often its computer was started.
    pub reset_count: u32,
}

/// Why a quote is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// It is not of its form, or no quote.
    #[error("it is no quote of a TPM")]
    Malformed,
    /// The key may sign other things than what its TPM has made, or does not stay in one.
    #[error("the key is no attestation key")]
    AttestationKey,
    /// The signature is none of this key's over this quote.
    #[error("the quote's signature does not verify")]
    Signature,
    /// It was signed by a key of this name at another place, or in another TPM.
    #[error("the quote is by a key of another TPM")]
    Signer,
    /// It is to another nonce.
    #[error("the quote is to another nonce")]
    Nonce,
    /// It covers other registers, or other values.
    #[error("the quote is of other registers")]
    Registers,
}

impl AttestationKey {
    /// Reads an attestation key (`TPMT_PUBLIC`).
    ///
    /// # Errors
    /// [`QuoteError::AttestationKey`].
    pub fn parse(public: &[u8], parent: Parent<'_>) -> Result<Self, QuoteError> {
        let attests = |public: &Public| public.attributes.attests() && public.attributes.is_of_this_tpm();
        let public = Public::parse(public).filter(attests).ok_or(QuoteError::AttestationKey)?;
        let above = match parent {
            Parent::Owner => OWNER.to_be_bytes().to_vec(),
            Parent::Endorsement => ENDORSEMENT.to_be_bytes().to_vec(),
            Parent::Key(parent) => {
                let parent = Public::parse(parent).ok_or(QuoteError::AttestationKey)?;
                qualified(parent.name_hash, &ENDORSEMENT.to_be_bytes(), &parent.name)
            }
        };
        let qualified_name = qualified(public.name_hash, &above, &public.name);
        Ok(Self { public, qualified_name })
    }
}

impl Quote<'_> {
    /// Verifies it.
    ///
    /// # Errors
    /// [`QuoteError`].
    pub fn verify(&self, key: &AttestationKey, nonce: &[u8], registers: &Bank) -> Result<Quoted, QuoteError> {
        let signature = Signature::parse(self.signature).ok_or(QuoteError::Malformed)?;
        if !signature.is_by(&key.public.key, self.attest) {
            return Err(QuoteError::Signature);
        }
        let attest = Attest::parse(self.attest).ok_or(QuoteError::Malformed)?;
        let Attested::Quote { selections, digest } = attest.attested else { return Err(QuoteError::Malformed) };
        if attest.qualified_signer != key.qualified_name {
            return Err(QuoteError::Signer);
        }
        if attest.extra_data != nonce {
            return Err(QuoteError::Nonce);
        }
        let numbers = registers.iter().map(|(number, _)| *number).collect();
        let values: Vec<u8> = registers.iter().flat_map(|(_, value)| *value).collect();
        let asked = [Selection { bank: Hash::Sha256, registers: numbers }];
        if selections != asked || digest != signature.hash().of(&values) {
            return Err(QuoteError::Registers);
        }
        Ok(Quoted { firmware_version: attest.firmware_version, reset_count: attest.reset_count })
    }
}

/// A qualified name (Part 1, §16): of what stands above, and of what has it.
fn qualified(hash: Hash, above: &[u8], name: &[u8]) -> Vec<u8> {
    tpm::name(hash, &[above, name].concat())
}

/// `TPM_RH_OWNER`, `TPM_RH_ENDORSEMENT`.
const OWNER: u32 = 0x4000_0001;
const ENDORSEMENT: u32 = 0x4000_000b;
