use keyfold_crypto::Hash;
use keyfold_ledger::{SafetyNumber, Vault, heads_at, vault_zero};

use super::{Held, LocalVault, VaultError};

impl LocalVault {
    /// 25 digits over both chains up to a roster entry and a commit (the latest, if none are named), to be compared with
    /// what another device shows for the same two: equal digits, equal history.
    ///
    /// # Errors
    /// [`VaultError::NotHeld`] if this device does not hold that point.
    pub async fn safety_number(&self, at: Option<(u64, u64)>) -> Result<(u64, u64, SafetyNumber), VaultError> {
        let held = self.held().await?;
        let latest = (held.roster.seq(), held.vault.as_ref().map_or(0, Vault::seq));
        let (roster_seq, vault_seq) = at.unwrap_or(latest);
        let entry = usize::try_from(roster_seq).ok().and_then(|seq| held.entries.get(seq));
        let roster = entry.ok_or(VaultError::NotHeld)?.hash();
        let vault = self.commit_hash(&held, vault_seq).await?;
        let number = heads_at(&held.roster.account(), (roster_seq, roster), (vault_seq, vault));
        Ok((roster_seq, vault_seq, number))
    }

    async fn commit_hash(&self, held: &Held, seq: u64) -> Result<Hash, VaultError> {
        match &held.vault {
            _ if seq == 0 => Ok(vault_zero(&held.roster.account())),
            Some(vault) if vault.seq() == seq => Ok(vault.head()),
            _ => self.storage().commit_head(seq).await?.ok_or(VaultError::NotHeld),
        }
    }
}
