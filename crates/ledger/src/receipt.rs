use keyfold_crypto::{
    Hash, SUITE, SigningKey, VerifyingKey,
    signing::{self, SignatureError},
};
use keyfold_wire::{AccountId, v1};

/// The server's word that it accepted a head, under its log key. Two that cannot both be honest are a
/// [`ForkProof`](crate::ForkProof).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The account.
    pub account: AccountId,
    /// Which of its chains.
    pub chain: Chain,
    /// Position of the head.
    pub seq: u64,
    /// Its hash.
    pub head: Hash,
}

/// One of an account's two chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chain {
    /// Members.
    Roster,
    /// Items.
    Vault,
}

/// Why a receipt is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// There is none.
    #[error("the receipt is missing")]
    Missing,
    /// Not signed by the log key, or not in the canonical form.
    #[error("the receipt is not the server's: {0}")]
    Signature(#[from] SignatureError),
    /// A field that this version does not have.
    #[error("the receipt is not of this version")]
    Form,
    /// A receipt for something else.
    #[error("the receipt is for another head than the one it came with")]
    OtherHead,
}

impl Receipt {
    /// Signs the receipt. The same receipt under the same key is always the same bytes (Ed25519 is deterministic).
    #[must_use]
    pub fn issue(&self, log_key: &SigningKey) -> v1::Signed {
        log_key.sign(&self.to_wire())
    }

    pub(crate) fn to_wire(self) -> v1::Receipt {
        let chain = match self.chain {
            Chain::Roster => v1::Chain::Roster,
            Chain::Vault => v1::Chain::Vault,
        };
        v1::Receipt {
            suite: SUITE,
            account: self.account.to_vec(),
            chain: chain.into(),
            seq: self.seq,
            head: self.head.to_vec(),
        }
    }

    /// Reads a receipt that the log key signed.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn read(log_key: &VerifyingKey, signed: &v1::Signed) -> Result<Self, ReceiptError> {
        let receipt: v1::Receipt = signing::verify(log_key, signed)?;
        let chain = match v1::Chain::try_from(receipt.chain) {
            Ok(v1::Chain::Roster) => Chain::Roster,
            Ok(v1::Chain::Vault) => Chain::Vault,
            _ => return Err(ReceiptError::Form),
        };
        if receipt.suite != SUITE {
            return Err(ReceiptError::Form);
        }
        Ok(Self {
            account: receipt.account.as_slice().try_into().map_err(|_| ReceiptError::Form)?,
            chain,
            seq: receipt.seq,
            head: receipt.head.as_slice().try_into().map_err(|_| ReceiptError::Form)?,
        })
    }

    /// Checks that `signed` is the log key's receipt for exactly this.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn check(&self, log_key: &VerifyingKey, signed: Option<&v1::Signed>) -> Result<(), ReceiptError> {
        let read = Self::read(log_key, signed.ok_or(ReceiptError::Missing)?)?;
        if read == *self { Ok(()) } else { Err(ReceiptError::OtherHead) }
    }
}
