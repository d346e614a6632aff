use async_trait::async_trait;
use keyfold_vault::storage::{
    AccountId, AppendWrite, Appended, ChainStorage, Fences, Heads, ItemId, Offered, PushBase, PushWrite, StorageError,
    Taken, Written,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::Expr};

use super::{append::append, line::Line, offers::offer, push_base::BaseOf};
use crate::{
    Database,
    entity::accounts::{Column, Entity},
    error::unavailable,
    transaction::commit,
};

#[async_trait]
impl ChainStorage for Database {
    async fn append(&self, write: AppendWrite) -> Result<Appended, StorageError> {
        append(self, write).await
    }

    async fn push_base(&self, account: AccountId, items: &[ItemId]) -> Result<Option<PushBase>, StorageError> {
        Line::wait(self, BaseOf { account, items: items.to_vec() }).await
    }

    async fn push(&self, write: PushWrite) -> Result<Written, StorageError> {
        Line::wait(self, write).await
    }

    async fn fence(&self, account: AccountId, before: &Fences, after: &Fences) -> Result<Written, StorageError> {
        let transaction = self.write().await?;
        let fenced = Entity::update_many()
            .col_expr(Column::Fences, Expr::value(after.to_bytes()))
            .filter(Column::AccountId.eq(account.to_vec()))
            .filter(Column::Fences.eq(before.to_bytes()))
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        if fenced.rows_affected == 0 {
            return Ok(Written::Moved);
        }
        commit(transaction).await?;
        Ok(Written::Done)
    }

    async fn offer(&self, steps: Vec<Offered>) -> Result<Taken, StorageError> {
        offer(self, steps).await
    }
}

/// Which of a chain's writes one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// Something new.
    New,
    /// What a restored backup lost.
    Offered,
}

/// The account, as long as it stands where the write was checked, and is behind only for what it lost. It is the one
/// condition of every write.
pub(super) fn still_at(account: AccountId, expected: &Heads, growth: Growth) -> Condition {
    Condition::all()
        .add(Column::AccountId.eq(account.to_vec()))
        .add(Column::Behind.eq(growth == Growth::Offered))
        .add(Column::RosterHead.eq(expected.roster_head.to_vec()))
        .add(Column::VaultHead.eq(expected.vault_head.to_vec()))
}
