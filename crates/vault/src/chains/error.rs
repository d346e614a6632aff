use keyfold_wire::{AccountId, v1};

use super::Chains;
use crate::{
    AccountUnavailable,
    rosters::standing,
    storage::{Heads, ItemId, PushBase},
};

/// Another write came first. Where the account stands now: pull, and try again on top of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("another write came first: pull, and try again")]
pub struct Stale(pub Box<v1::Heads>);

/// The account came from a backup: nothing new is taken until its devices have offered what they hold beyond these heads.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the server was restored from a backup and waits for what the account's devices hold beyond it")]
pub struct Behind(pub Box<v1::Heads>);

/// The account waits for nothing: what the caller holds beyond these heads is another history.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("this server waits for no offers of this account")]
pub struct NotBehind(pub Box<v1::Heads>);

impl Chains {
    /// Where the account stands, with these items.
    pub(super) async fn base(&self, account: AccountId, items: &[ItemId]) -> Result<PushBase, AccountUnavailable> {
        match self.storage.push_base(account, items).await? {
            Some(base) => Ok(base),
            None => {
                standing(self.storage.as_ref(), account).await?;
                Err(AccountUnavailable::Unknown)
            }
        }
    }

    pub(super) fn behind(&self, account: AccountId, heads: &Heads) -> Behind {
        Behind(Box::new(self.heads.message(account, heads)))
    }

    pub(super) fn not_behind(&self, account: AccountId, heads: &Heads) -> NotBehind {
        NotBehind(Box::new(self.heads.message(account, heads)))
    }

    pub(super) fn stale(&self, account: AccountId, heads: &Heads) -> Stale {
        Stale(Box::new(self.heads.message(account, heads)))
    }

    /// Where the account stands after a write was refused for having moved.
    pub(super) async fn moved(&self, account: AccountId) -> Result<Stale, AccountUnavailable> {
        let (heads, _) = self.rosters.current(account).await?;
        Ok(self.stale(account, &heads))
    }
}
