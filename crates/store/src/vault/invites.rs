use async_trait::async_trait;
use keyfold_vault::storage::{AccountId, InviteHash, InviteRow, InviteStorage, StorageError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use crate::{
    Database,
    entity::invites::{Column, Entity, Model},
    error::unavailable,
    value::{account_id, hash, signed, unsigned},
};

#[async_trait]
impl InviteStorage for Database {
    async fn add_invite(&self, invite: InviteHash, created_at: u64, expires_at: u64) -> Result<(), StorageError> {
        let row = Model {
            invite_hash: invite.0.to_vec(),
            created_at: signed(created_at),
            expires_at: signed(expires_at),
            account_id: None,
        };
        Entity::insert(row.into_active_model()).exec_without_returning(&self.writer).await.map_err(unavailable)?;
        Ok(())
    }

    async fn invites(&self, limit: u64) -> Result<Vec<InviteRow>, StorageError> {
        let rows = Entity::find()
            .order_by_desc(Column::CreatedAt)
            .limit(limit)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(InviteRow::try_from).collect()
    }
}

/// Uses the invite for this account; `false` if it is unknown, expired or used.
pub(super) async fn use_up(
    database: &impl ConnectionTrait,
    invite: InviteHash,
    account: AccountId,
    now: u64,
) -> Result<bool, StorageError> {
    let used = Entity::update_many()
        .col_expr(Column::AccountId, Expr::value(account.to_vec()))
        .filter(Column::InviteHash.eq(invite.0.to_vec()))
        .filter(Column::ExpiresAt.gt(signed(now)))
        .filter(Column::AccountId.is_null())
        .exec(database)
        .await
        .map_err(unavailable)?;
    Ok(used.rows_affected == 1)
}

impl TryFrom<Model> for InviteRow {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        Ok(Self {
            hash: InviteHash(hash(&row.invite_hash)?),
            created_at: unsigned(row.created_at)?,
            expires_at: unsigned(row.expires_at)?,
            account: row.account_id.as_deref().map(account_id).transpose()?,
        })
    }
}
