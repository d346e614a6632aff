use keyfold_crypto::Hash;
use keyfold_ledger::{Chain, Receipt, Vault, vault_zero};
use keyfold_wire::v1::Heads;

use super::{Behind, ChainFailure, SyncEngine, SyncError, interruption::Interruption};
use crate::vault::Held;

impl SyncEngine {
    /// The server's heads may not be behind what this device holds. Where they are, they must be ancestors of it, signed by
    /// the server: anything else is another history.
    pub(super) async fn check_not_behind(&self, held: &Held, heads: &Heads) -> Result<(), Interruption> {
        match self.behind(held, heads).await? {
            Some(behind) => Err(SyncError::Behind(behind).into()),
            None => Ok(()),
        }
    }

    /// How far these heads are behind this device's.
    pub(super) async fn behind(&self, held: &Held, heads: &Heads) -> Result<Option<Behind>, Interruption> {
        let (roster, vault) = (held.roster.seq(), held.vault.as_ref().map_or(0, Vault::seq));
        if heads.roster_seq >= roster && heads.vault_seq >= vault {
            // Further on only the chains tell; where it is as far, it must be the same.
            let other = |seq, head: &[u8], held_seq, held: Hash| seq == held_seq && head != held.as_bytes().as_slice();
            let vault_head = held.vault.as_ref().map(Vault::head);
            let forked = other(heads.roster_seq, &heads.roster_head, roster, held.roster.head())
                || vault_head.is_some_and(|held| other(heads.vault_seq, &heads.vault_head, vault, held));
            return if forked { Err(ChainFailure::Forked.into()) } else { Ok(None) };
        }
        let (roster_head, vault_head) = match self.ancestors(held, heads).await? {
            Some(ancestors) => ancestors,
            None => return Err(ChainFailure::Forked.into()),
        };
        let account = held.roster.account();
        let chains = [
            (Chain::Roster, heads.roster_seq, roster_head, &heads.roster_receipt),
            (Chain::Vault, heads.vault_seq, vault_head, &heads.vault_receipt),
        ];
        for (chain, seq, head, receipt) in chains {
            let receipt = Receipt { account, chain, seq, head }.check(held.roster.log_key(), receipt.as_ref());
            receipt.map_err(ChainFailure::from)?;
        }
        Ok(Some(Behind {
            roster: heads.roster_seq,
            vault: heads.vault_seq,
            entries: roster - heads.roster_seq,
            commits: vault - heads.vault_seq,
        }))
    }

    /// The server's heads, if this device's history goes through both.
    async fn ancestors(&self, held: &Held, heads: &Heads) -> Result<Option<(Hash, Hash)>, SyncError> {
        let entry = usize::try_from(heads.roster_seq).ok().and_then(|seq| held.entries.get(seq));
        let commit = match heads.vault_seq {
            0 => Some(vault_zero(&held.roster.account())),
            seq => self.storage().commit_head(seq).await?,
        };
        let (Some(entry), Some(commit)) = (entry, commit) else { return Ok(None) };
        let same =
            entry.hash().as_bytes() == heads.roster_head.as_slice() && commit.as_bytes() == heads.vault_head.as_slice();
        Ok(same.then_some((entry.hash(), commit)))
    }
}
