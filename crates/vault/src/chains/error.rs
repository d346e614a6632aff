use keyfold_wire::{AccountId, v1};

use super::Chains;
use crate::{AccountUnavailable, storage::Heads};

/// Another write came first. Where the account stands now: pull, and try again on top of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("another write came first: pull, and try again")]
pub struct Stale(pub Box<v1::Heads>);

impl Chains {
    pub(super) fn stale(&self, account: AccountId, heads: &Heads) -> Stale {
        Stale(Box::new(self.heads.message(account, heads)))
    }

    /// Where the account stands after a write was refused for having moved.
    pub(super) async fn moved(&self, account: AccountId) -> Result<Stale, AccountUnavailable> {
        let (heads, _) = self.rosters.current(account).await?;
        Ok(self.stale(account, &heads))
    }
}
