use keyfold_vault::storage::{AccountId, Heads, StorageError};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};

use crate::{
    entity::accounts::{Column, Entity},
    error::unavailable,
    value::{hash, unsigned},
};

/// The few columns that a poll reads.
#[derive(FromQueryResult)]
struct Row {
    roster_seq: i64,
    roster_head: Vec<u8>,
    vault_seq: i64,
    vault_head: Vec<u8>,
}

/// Where the account stands, if it is there.
pub(super) async fn heads(database: &impl ConnectionTrait, account: AccountId) -> Result<Option<Heads>, StorageError> {
    let row = Entity::find()
        .select_only()
        .columns([Column::RosterSeq, Column::RosterHead, Column::VaultSeq, Column::VaultHead])
        .filter(Column::AccountId.eq(account.to_vec()))
        .into_model::<Row>()
        .one(database)
        .await
        .map_err(unavailable)?;
    row.map(Heads::try_from).transpose()
}

impl TryFrom<Row> for Heads {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            roster_seq: unsigned(row.roster_seq)?,
            roster_head: hash(&row.roster_head)?,
            vault_seq: unsigned(row.vault_seq)?,
            vault_head: hash(&row.vault_head)?,
        })
    }
}
