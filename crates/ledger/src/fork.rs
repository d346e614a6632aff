use keyfold_crypto::{Hash, SUITE, SigningAlgorithm, VerifyingKey, exact};
use keyfold_wire::v1;
use prost::Message;

use crate::{Chain, Commit, Entry, Receipt};

/// Proof, for anyone who knows the server's log key, that it signed two histories of one account.
///
/// The later receipt's chain is followed back, link by link, to the earlier receipt's position; there stands another hash
/// than the earlier receipt's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkProof {
    earlier: Receipt,
    later: Receipt,
    other: Hash,
    bytes: Vec<u8>,
}

/// Why a fork proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// Not the canonical form of a proof, or too long.
    #[error("not a fork proof")]
    Form,
    /// Its receipts are not signed by the log key that the verifier trusts.
    #[error("the receipts are not signed by that log key")]
    LogKey,
    /// The receipts are of two accounts or chains, or in the wrong order.
    #[error("the receipts are not of one chain, the earlier first")]
    Unrelated,
    /// The links do not lead from the later head back to the earlier position.
    #[error("the links do not lead back from the later head")]
    Links,
    /// The histories agree: the server did nothing wrong.
    #[error("both receipts are of one history")]
    NoFork,
}

impl ForkProof {
    /// The longest proof: links of a year's worth of commits, 64 MiB.
    pub const MAX_LEN: usize = 64 * 1024 * 1024;

    /// Makes a proof of two receipts and the signed entries or commits from the later head back to the earlier position,
    /// newest first, and checks it.
    ///
    /// # Errors
    /// [`ForkError`] if it would prove nothing.
    pub fn new(
        log_key: &VerifyingKey,
        earlier: &v1::Signed,
        later: &v1::Signed,
        links: &[v1::Signed],
    ) -> Result<Self, ForkError> {
        let proof = v1::ForkProof {
            suite: SUITE,
            log_key: log_key.as_bytes().to_vec(),
            earlier: earlier.encode_to_vec(),
            later: later.encode_to_vec(),
            links: links.iter().map(Message::encode_to_vec).collect(),
        };
        Self::verify(log_key, &proof.encode_to_vec())
    }

    /// Checks a proof against the log key that the verifier has pinned.
    ///
    /// # Errors
    /// [`ForkError`].
    pub fn verify(log_key: &VerifyingKey, bytes: &[u8]) -> Result<Self, ForkError> {
        let proof: v1::ForkProof = exact::decode(bytes, Self::MAX_LEN).map_err(|_| ForkError::Form)?;
        let named = VerifyingKey::new(SigningAlgorithm::Ed25519, &proof.log_key).map_err(|_| ForkError::Form)?;
        if proof.suite != SUITE {
            return Err(ForkError::Form);
        }
        if named != *log_key {
            return Err(ForkError::LogKey);
        }
        let receipt = |bytes: &[u8]| Receipt::read(log_key, &signed(bytes)?).map_err(|_| ForkError::LogKey);
        let (earlier, later) = (receipt(&proof.earlier)?, receipt(&proof.later)?);
        if earlier.account != later.account || earlier.chain != later.chain || earlier.seq > later.seq {
            return Err(ForkError::Unrelated);
        }
        let other = ancestor(&later, earlier.seq, &proof.links)?;
        if other == earlier.head {
            return Err(ForkError::NoFork);
        }
        Ok(Self { earlier, later, other, bytes: bytes.to_vec() })
    }

    /// What the server signed first.
    #[must_use]
    pub const fn earlier(&self) -> &Receipt {
        &self.earlier
    }

    /// What it signed for a later position.
    #[must_use]
    pub const fn later(&self) -> &Receipt {
        &self.later
    }

    /// What stands at the earlier position in the later receipt's history.
    #[must_use]
    pub const fn other(&self) -> Hash {
        self.other
    }

    /// The proof as a file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The hash at `seq` in the history that ends at `later`.
fn ancestor(later: &Receipt, seq: u64, links: &[Vec<u8>]) -> Result<Hash, ForkError> {
    let mut at = (later.seq, later.head);
    for link in links {
        let signed = signed(link)?;
        let (position, hash, prev) = match later.chain {
            Chain::Roster => {
                let entry = Entry::parse(&signed).map_err(|_| ForkError::Links)?;
                (entry.seq(), entry.hash(), entry.prev())
            }
            Chain::Vault => {
                let commit = Commit::parse(&signed).map_err(|_| ForkError::Links)?;
                (commit.seq(), commit.hash(), commit.prev())
            }
        };
        if (position, hash) != at {
            return Err(ForkError::Links);
        }
        at = (position.checked_sub(1).ok_or(ForkError::Links)?, prev);
    }
    if at.0 == seq { Ok(at.1) } else { Err(ForkError::Links) }
}

fn signed(bytes: &[u8]) -> Result<v1::Signed, ForkError> {
    exact::decode(bytes, bytes.len()).map_err(|_| ForkError::Form)
}
