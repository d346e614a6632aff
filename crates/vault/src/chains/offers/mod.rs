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
use super::{Chains, Stale};
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
    /// The account waits for nothing: what the caller holds beyond its heads is another history.
    #[error("this server waits for no offers of this account")]
    NotBehind(Box<v1::Heads>),
    /// It begins elsewhere than the account stands.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The heads in it were never this server's.
    #[error("the offer is not of a history that this server has acknowledged: {0}")]
    Receipt(#[from] ReceiptError),
    /// It goes past the heads that it names, or comes to others.
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
        let (base, elements) = self.lost_from(caller.account, &commits).await?;
        let roster = self.rosters.at(caller.account, &base.heads).await?;
        roster.device(&caller.device).ok_or(OfferError::NotAMember)?;
        if !base.behind {
            return Err(OfferError::NotBehind(Box::new(self.heads.message(caller.account, &base.heads))));
        }
        // Only a history that this server has acknowledged can have been lost: it has signed for its heads.
        self.receipts.check(caller.account, &named)?;
        let account = Account::from_verified(roster.as_ref().clone(), vault(caller.account, &base));
        let mut replay = Replay::new(self, *caller, account, elements, base.elements, envelopes);
        replay.all(entries, &commits).map_err(|error| self.not_from_here(caller.account, &base.heads, error))?;
        let (account, steps, bytes_added) = replay.finish()?;
        let room = self.limits.account_bytes.max(base.bytes_used).saturating_add(LET_IN_BEYOND);
        if base.bytes_used.saturating_add(bytes_added) > room {
            return Err(LimitError::AccountBytes(self.limits.account_bytes).into());
        }
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

    /// Ends the wait for offers: from here on the account grows again. Once more is the same.
    ///
    /// # Errors
    /// [`OfferError`].
    pub async fn end_offers(&self, caller: &Caller) -> Result<Accepted, OfferError> {
        let (heads, roster) = self.rosters.current(caller.account).await?;
        roster.device(&caller.device).ok_or(OfferError::NotAMember)?;
        if !self.storage.end_offers(caller.account).await? {
            return Err(AccountUnavailable::Unknown.into());
        }
        Ok(Accepted { heads: Some(self.heads.message(caller.account, &heads)) })
    }

    /// Where the account stands, with the elements of every item that the commits change.
    async fn lost_from(
        &self,
        account: AccountId,
        commits: &[Commit],
    ) -> Result<(PushBase, BTreeMap<ItemId, Element>), OfferError> {
        let mut items: Vec<ItemId> =
            commits.iter().flat_map(|commit| commit.changes().iter().map(|change| change.item)).collect();
        items.sort();
        items.dedup();
        let base = self.base(account, &[]).await?;
        let mut elements = BTreeMap::new();
        for some in items.chunks(ITEMS) {
            let page = self.base(account, some).await?;
            if page.heads != base.heads {
                return Err(self.moved(account).await?.into());
            }
            elements.extend(page.changed.into_iter().map(|element| (element.item, element)));
        }
        Ok((base, elements))
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

/// A part ends at the heads that it names, or before.
fn check_end(account: &Account, named: &v1::Heads) -> Result<(), OfferError> {
    let Heads { roster_seq, roster_head, vault_seq, vault_head } = heads(account);
    let roster = (roster_seq, roster_head, named.roster_seq, &named.roster_head);
    let vault = (vault_seq, vault_head, named.vault_seq, &named.vault_head);
    let comes_to = |(seq, head, named_seq, named): (u64, Hash, u64, &Vec<u8>)| {
        seq < named_seq || (seq == named_seq && head.as_bytes() == named.as_slice())
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
/// What a full account may have taken beyond its limit: purges, and what gets rid of a device.
const LET_IN_BEYOND: u64 = 16 * 1024 * 1024;
