//! A restored backup stands at an earlier point of its accounts' histories (`proto/README.md` §15). Their devices offer what
//! it lost; until that has ended, nothing new is taken.

mod message;
mod replay;

pub use message::{NotAnOffer, Offer};

use std::{collections::BTreeMap, sync::Arc};

use keyfold_crypto::Hash;
use keyfold_ledger::{Account, AccountError, Commit, Element, EntryError, ReceiptError, Vault, VaultParts};
use keyfold_wire::{
    AccountId, ItemId,
    v1::{self, Accepted},
};

use self::replay::Replay;
use super::{Chains, NotBehind, Stale};
use crate::{
    AccountUnavailable, Caller, LimitError, SealedError,
    storage::{Heads, PushBase, StorageError, Taken},
};

/// Why an offer is not taken. Nothing was written, unless storage gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// Something in it is not an entry or a commit.
    #[error(transparent)]
    Form(#[from] EntryError),
    /// The caller is not an active device.
    #[error("this device is not (or no longer) active in the account")]
    NotAMember,
    /// The account waits for nothing.
    #[error(transparent)]
    NotBehind(#[from] NotBehind),
    /// It begins elsewhere than the account stands.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The heads in it were never this server's.
    #[error("the offer is not of a history that this server has acknowledged: {0}")]
    Receipt(#[from] ReceiptError),
    /// It comes to other heads than it names.
    #[error("the offer does not come to the heads that it names")]
    OtherHeads,
    /// A rule of the roster or the vault does not hold.
    #[error(transparent)]
    Rule(#[from] AccountError),
    /// `at` is too far ahead.
    #[error("a time in the offer is more than five minutes ahead of the server")]
    BadTime,
    /// This server takes such an entry from nobody.
    #[error("{0}")]
    Refused(String),
    /// A sealed key or a link is not one that its entry lists.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// An envelope that no commit in it names.
    #[error("the offer has an envelope that none of its commits names")]
    OtherEnvelope,
    /// An item's latest envelope is not in it.
    #[error("the offer lacks the envelope of an item's latest revision: end it earlier, or later")]
    MissingEnvelope,
    /// It would make the account larger than any may be.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// There is no account.
    #[error(transparent)]
    Account(#[from] AccountUnavailable),
    /// Nothing can be said of the outcome, but repeating is safe.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Chains {
    /// Takes a part of what a restored backup lost, from where the account stands on: all of it, durably, or nothing. Its
    /// authors need not be the caller; every other rule of both chains holds, and the heads that it is a part of are this
    /// server's own word.
    ///
    /// # Errors
    /// [`OfferError`].
    pub async fn offer(&self, caller: &Caller, offer: Offer) -> Result<Accepted, OfferError> {
        let Offer { heads: named, entries, commits, envelopes } = offer;
        let commits = commits.iter().map(Commit::parse).collect::<Result<Vec<_>, _>>()?;
        let base = self.base(caller.account, &[]).await?;
        let roster = self.rosters.at(caller.account, &base.heads).await?;
        roster.device(&caller.device).ok_or(OfferError::NotAMember)?;
        if !base.behind {
            return Err(self.not_behind(caller.account, &base.heads).into());
        }
        // Only a history that this server has acknowledged can have been lost: it has signed for its heads.
        self.receipts.check(caller.account, &named)?;
        let elements = self.elements_of(caller.account, &base.heads, &commits).await?;
        let account = Account::from_verified(roster.as_ref().clone(), vault(caller.account, &base));
        let mut replay = Replay::new(self, *caller, account, elements, base.elements, envelopes);
        replay.all(entries, &commits).map_err(|error| self.not_from_here(caller.account, &base.heads, error))?;
        let (account, steps) = replay.finish()?;
        check_end(&account, &named)?;
        let begun_at = self.clock.now();
        match self.storage.offer(steps).await? {
            Taken::Done => {
                let roster = Arc::new(account.roster().clone());
                let heads = self.heads.accepted(caller.account, heads(&account), &roster, begun_at);
                self.rosters.keep(roster);
                Ok(Accepted { heads: Some(heads) })
            }
            Taken::Moved => Err(self.moved(caller.account).await?.into()),
        }
    }

    /// The elements, at these heads, of every item that the commits change.
    async fn elements_of(
        &self,
        account: AccountId,
        heads: &Heads,
        commits: &[Commit],
    ) -> Result<BTreeMap<ItemId, Element>, OfferError> {
        let mut items: Vec<ItemId> =
            commits.iter().flat_map(|commit| commit.changes().iter().map(|change| change.item)).collect();
        items.sort();
        items.dedup();
        let mut elements = BTreeMap::new();
        for some in items.chunks(ITEMS) {
            let page = self.base(account, some).await?;
            if page.heads != *heads {
                return Err(self.moved(account).await?.into());
            }
            elements.extend(page.changed.into_iter().map(|element| (element.item, element)));
        }
        Ok(elements)
    }

    /// What does not follow the heads may be offered from elsewhere.
    fn not_from_here(&self, account: AccountId, heads: &Heads, error: OfferError) -> OfferError {
        use keyfold_ledger::{CommitError::NotNext as NotNextCommit, RosterError::NotNext as NotNextEntry};
        match error {
            OfferError::Rule(AccountError::Roster(NotNextEntry) | AccountError::Vault(NotNextCommit)) => {
                self.stale(account, heads).into()
            }
            error => error,
        }
    }
}

/// A part ends at the heads that it names: only what this server has signed for is taken, and it signs for nothing else.
fn check_end(account: &Account, named: &v1::Heads) -> Result<(), OfferError> {
    let Heads { roster_seq, roster_head, vault_seq, vault_head } = heads(account);
    let roster = (roster_seq, roster_head, named.roster_seq, &named.roster_head);
    let vault = (vault_seq, vault_head, named.vault_seq, &named.vault_head);
    let comes_to = |(seq, head, named_seq, named): (u64, Hash, u64, &Vec<u8>)| {
        seq == named_seq && head.as_bytes() == named.as_slice()
    };
    if comes_to(roster) && comes_to(vault) { Ok(()) } else { Err(OfferError::OtherHeads) }
}

fn heads(account: &Account) -> Heads {
    Heads {
        roster_seq: account.roster().seq(),
        roster_head: account.roster().head(),
        vault_seq: account.vault().seq(),
        vault_head: account.vault().head(),
    }
}

fn vault(account: AccountId, base: &PushBase) -> Vault {
    let parts = VaultParts {
        seq: base.heads.vault_seq,
        head: base.heads.vault_head,
        at: base.at,
        count: base.count,
        set: base.set.clone(),
    };
    Vault::from_parts(account, parts)
}

/// Elements that are read at once.
const ITEMS: usize = 1_000;
