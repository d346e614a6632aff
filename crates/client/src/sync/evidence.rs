use std::time::Duration;

use keyfold_ledger::{Chain, Commit, Entry, ForkProof};
use keyfold_wire::v1::{Heads, Signed};
use prost::Message;

use super::{SyncEngine, SyncError};
use crate::{
    api::{Frame, PullFrom},
    storage::Head,
    vault::Held,
};

impl SyncEngine {
    /// What proves to anybody that the server has signed two histories, if it can be had: what the server shows now, beside what
    /// it signed for this device. A server that says no more is proved nothing.
    pub(super) async fn proof_of_fork(&self) -> Option<ForkProof> {
        // Nothing depends on it: sync is stopped all the same, and not for long held up by who would hold it up.
        let sought = tokio::time::timeout(PATIENCE, Box::pin(self.seek_proof())).await;
        sought.ok().and_then(Result::ok).flatten()
    }

    async fn seek_proof(&self) -> Result<Option<ForkProof>, SyncError> {
        let held = self.held().await?;
        let shown = self.shown(&held).await?;
        for chain in [Chain::Vault, Chain::Roster] {
            if let Some(proof) = self.prove(&held, &shown, chain).await? {
                return Ok(Some(proof));
            }
        }
        Ok(None)
    }

    /// The server's heads now, and what leads to them from where this device stands.
    async fn shown(&self, held: &Held) -> Result<Shown, SyncError> {
        let (roster, vault) = (held.roster.seq(), held.vault.as_ref().map_or(0, keyfold_ledger::Vault::seq));
        let heads = self.api.head().await?;
        let mut shown = Shown { heads, entries: Vec::new(), commits: Vec::new() };
        if shown.heads.roster_seq <= roster && shown.heads.vault_seq <= vault {
            return Ok(shown);
        }
        let mut stream = self.api.pull(PullFrom::Since { roster, vault, brief: false }).await?;
        let mut bytes = 0;
        while let Some(frame) = stream.frame().await? {
            match frame {
                Frame::Heads(heads) => shown.heads = heads,
                Frame::Entry(entry) => {
                    bytes += entry.encoded_len();
                    shown.entries.push(entry);
                }
                Frame::Commit(commit) => {
                    bytes += commit.encoded_len();
                    shown.commits.push(commit);
                }
                Frame::SealedKey(_) | Frame::Link(_) => {}
                _ => break,
            }
            if bytes > ForkProof::MAX_LEN {
                break;
            }
        }
        Ok(shown)
    }

    async fn prove(&self, held: &Held, shown: &Shown, chain: Chain) -> Result<Option<ForkProof>, SyncError> {
        let own = match chain {
            Chain::Roster => &held.roster_head,
            Chain::Vault => &held.vault_head,
        };
        let (seq, receipt, links) = match chain {
            Chain::Roster => (shown.heads.roster_seq, &shown.heads.roster_receipt, &shown.entries),
            Chain::Vault => (shown.heads.vault_seq, &shown.heads.vault_receipt, &shown.commits),
        };
        let (Some(Head { seq: own_seq, receipt: own, .. }), Some(receipt)) = (own, receipt) else { return Ok(None) };
        let proof = if seq >= *own_seq {
            let newest_first: Vec<Signed> = links
                .iter()
                .rev()
                .filter(|signed| position(chain, signed).is_some_and(|at| at > *own_seq))
                .cloned()
                .collect();
            ForkProof::new(held.roster.log_key(), own, receipt, &newest_first)
        } else {
            let newest_first = self.own_links(held, chain, seq, *own_seq).await?;
            ForkProof::new(held.roster.log_key(), receipt, own, &newest_first)
        };
        Ok(proof.ok())
    }

    /// This device's own entries or commits after `from`, newest first.
    async fn own_links(&self, held: &Held, chain: Chain, from: u64, to: u64) -> Result<Vec<Signed>, SyncError> {
        let mut links = Vec::new();
        let mut bytes = 0;
        for seq in (from.saturating_add(1)..=to).rev() {
            let signed = match chain {
                Chain::Roster => {
                    usize::try_from(seq).ok().and_then(|seq| held.entries.get(seq)).map(|e| e.signed().clone())
                }
                Chain::Vault => self.storage().commit(seq).await?,
            };
            let Some(signed) = signed else { break };
            bytes += signed.encoded_len();
            if bytes > ForkProof::MAX_LEN {
                break;
            }
            links.push(signed);
        }
        Ok(links)
    }
}

/// What the server shows.
struct Shown {
    heads: Heads,
    entries: Vec<Signed>,
    commits: Vec<Signed>,
}

/// For what the server shows again.
const PATIENCE: Duration = Duration::from_secs(20);

fn position(chain: Chain, signed: &Signed) -> Option<u64> {
    match chain {
        Chain::Roster => Entry::parse(signed).ok().map(|entry| entry.seq()),
        Chain::Vault => Commit::parse(signed).ok().map(|commit| commit.seq()),
    }
}
