use std::sync::Arc;

use keyfold_crypto::{Hash, SigningAlgorithm, SigningKey, VerifyingKey, random};
use keyfold_ledger::{Chain, Receipt, ReceiptError};
use keyfold_wire::{AccountId, v1};

use crate::{
    Clock,
    storage::{Heads, KeyKind, ServerKey, Storage, StorageError},
};

/// Signs receipts with the server's log key. A receipt is a function of what it is for: the same head gets the same
/// receipt again.
#[derive(Debug)]
pub struct ReceiptSigner {
    key: SigningKey,
    public: VerifyingKey,
}

impl ReceiptSigner {
    /// Reads the log key, and makes it at the first start. There is one for good: devices pin it in their genesis.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn load(storage: &Arc<dyn Storage>, clock: &Arc<dyn Clock>) -> Result<Self, StorageError> {
        if storage.server_keys(KeyKind::Log).await?.is_empty() {
            let secret = random::bytes(&mut random::system()).into();
            // If another replica was faster, its key is the one that all read below.
            storage.add_server_key(KeyKind::Log, ServerKey { kid: 1, created_at: clock.now(), secret }).await?;
        }
        let keys = storage.server_keys(KeyKind::Log).await?;
        let key = keys.first().ok_or(StorageError::Damaged("there is no log key"))?;
        let key = SigningKey::from_secret(SigningAlgorithm::Ed25519, &key.secret)
            .map_err(|_| StorageError::Damaged("the log key is not a key"))?;
        Ok(Self::new(key))
    }

    fn new(key: SigningKey) -> Self {
        let public = key.verifying_key();
        Self { key, public }
    }

    /// The log key's public half.
    #[must_use]
    pub const fn log_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// Checks that these heads are ones that this server has signed for.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub(crate) fn check(&self, account: AccountId, heads: &v1::Heads) -> Result<(), ReceiptError> {
        let hash = |bytes: &[u8]| Hash::try_from(bytes).map_err(|_| ReceiptError::OtherHead);
        let roster = (Chain::Roster, heads.roster_seq, hash(&heads.roster_head)?, &heads.roster_receipt);
        let vault = (Chain::Vault, heads.vault_seq, hash(&heads.vault_head)?, &heads.vault_receipt);
        for (chain, seq, head, receipt) in [roster, vault] {
            Receipt { account, chain, seq, head }.check(&self.public, receipt.as_ref())?;
        }
        Ok(())
    }

    /// Both heads with their receipts. A receipt of `known` is taken over where the head is the same.
    pub(crate) fn heads(&self, account: AccountId, heads: &Heads, known: Option<&v1::Heads>) -> v1::Heads {
        let roster = known
            .filter(|known| known.roster_seq == heads.roster_seq && known.roster_head == heads.roster_head.as_bytes())
            .and_then(|known| known.roster_receipt.clone());
        let vault = known
            .filter(|known| known.vault_seq == heads.vault_seq && known.vault_head == heads.vault_head.as_bytes())
            .and_then(|known| known.vault_receipt.clone());
        let issue = |chain, seq, head: Hash| Receipt { account, chain, seq, head }.issue(&self.key);
        v1::Heads {
            roster_seq: heads.roster_seq,
            roster_head: heads.roster_head.to_vec(),
            vault_seq: heads.vault_seq,
            vault_head: heads.vault_head.to_vec(),
            roster_receipt: roster.or_else(|| Some(issue(Chain::Roster, heads.roster_seq, heads.roster_head))),
            vault_receipt: vault.or_else(|| Some(issue(Chain::Vault, heads.vault_seq, heads.vault_head))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: Heads =
        Heads { roster_seq: 4, roster_head: Hash::new([1; 32]), vault_seq: 9, vault_head: Hash::new([2; 32]) };
    const ACCOUNT: AccountId = AccountId::new([7; 16]);

    #[test]
    fn the_same_head_gets_the_same_receipt_again() {
        let signer = signer();
        let first = signer.heads(ACCOUNT, &HEADS, None);
        let later = signer.heads(ACCOUNT, &Heads { vault_seq: 10, ..HEADS }, Some(&first));

        assert_eq!(signer.heads(ACCOUNT, &HEADS, None), first);
        assert_eq!(later.roster_receipt, first.roster_receipt);
        assert_ne!(later.vault_receipt, first.vault_receipt);
    }

    #[test]
    fn a_receipt_verifies_under_the_log_key() {
        let signer = signer();
        let heads = signer.heads(ACCOUNT, &HEADS, None);
        let expected = Receipt { account: ACCOUNT, chain: Chain::Vault, seq: 9, head: HEADS.vault_head };
        assert_eq!(expected.check(signer.log_key(), heads.vault_receipt.as_ref()), Ok(()));
    }

    fn signer() -> ReceiptSigner {
        ReceiptSigner::new(SigningKey::from_secret(SigningAlgorithm::Ed25519, &[3; 32]).unwrap())
    }
}
