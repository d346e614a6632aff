use keyfold_client::{AccountId, api::Frame};
use keyfold_crypto::{Hash, SigningKey};
use keyfold_ledger::{Chain, Commit, Entry, Receipt};
use keyfold_wire::v1::Heads;

use super::{Device, Home};

/// The server's log key: it signs receipts for whatever the server shows.
pub(crate) struct Notary {
    pub(crate) key: SigningKey,
    account: AccountId,
}

impl Notary {
    pub(crate) async fn of(home: &Home, device: &Device) -> Self {
        Self { key: home.log_key().await, account: device.held().await.roster.account() }
    }

    /// Makes the heads of a pull those of its last entry and its last commit, with receipts.
    pub(crate) fn signs_for(&self, frames: &mut [Frame]) {
        let entry = frames.iter().rev().find_map(|frame| match frame {
            Frame::Entry(entry) => Entry::parse(entry).ok().map(|entry| (entry.seq(), entry.hash())),
            _ => None,
        });
        let commit = frames.iter().rev().find_map(|frame| match frame {
            Frame::Commit(commit) => Commit::parse(commit).ok().map(|commit| (commit.seq(), commit.hash())),
            _ => None,
        });
        for frame in frames {
            if let Frame::Heads(heads) = frame {
                self.sign(heads, Chain::Roster, entry);
                self.sign(heads, Chain::Vault, commit);
            }
        }
    }

    /// Makes one of the heads this one, with its receipt.
    pub(crate) fn sign(&self, heads: &mut Heads, chain: Chain, place: Option<(u64, Hash)>) {
        let Some((seq, head)) = place else { return };
        let receipt = Some(Receipt { account: self.account, chain, seq, head }.issue(&self.key));
        match chain {
            Chain::Roster => {
                (heads.roster_seq, heads.roster_head, heads.roster_receipt) = (seq, head.to_vec(), receipt);
            }
            Chain::Vault => (heads.vault_seq, heads.vault_head, heads.vault_receipt) = (seq, head.to_vec(), receipt),
        }
    }
}
