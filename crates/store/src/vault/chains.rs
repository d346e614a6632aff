use async_trait::async_trait;
use keyfold_vault::storage::{
    AccountId, AppendWrite, Appended, ChainStorage, Heads, ItemId, PushBase, PushWrite, StorageError, Written,
};
use sea_orm::{ColumnTrait, Condition};

use super::{append::append, push::push, push_base::push_base};
use crate::{Database, entity::accounts::Column};

#[async_trait]
impl ChainStorage for Database {
    async fn append(&self, write: AppendWrite) -> Result<Appended, StorageError> {
        append(self, write).await
    }

    async fn push_base(&self, account: AccountId, items: &[ItemId]) -> Result<Option<PushBase>, StorageError> {
        push_base(self, account, items).await
    }

    async fn push(&self, write: PushWrite) -> Result<Written, StorageError> {
        push(self, write).await
    }
}

/// The account, as long as it stands where the write was checked. It is the one condition of every write.
pub(super) fn still_at(account: AccountId, expected: &Heads) -> Condition {
    Condition::all()
        .add(Column::AccountId.eq(account.to_vec()))
        .add(Column::RosterHead.eq(expected.roster_head.to_vec()))
        .add(Column::VaultHead.eq(expected.vault_head.to_vec()))
}
