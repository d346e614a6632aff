use async_trait::async_trait;
use keyfold_vault::storage::{AccountId, GuessStorage, GuessWindow, MemberId, NonceStorage, StorageError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, TryInsertResult,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{
    Database,
    entity::{
        guesses::{Column, Entity, Model},
        session_nonces,
    },
    error::unavailable,
    transaction::commit,
    value::signed,
};

#[async_trait]
impl GuessStorage for Database {
    async fn count_guess(
        &self,
        account: AccountId,
        device: MemberId,
        window: GuessWindow,
        now: u64,
    ) -> Result<bool, StorageError> {
        let transaction = self.write().await?;
        forget(&transaction, account, device, now.saturating_sub(window.length)).await?;
        let row = Model { account_id: account.to_vec(), member_id: device.to_vec(), started_at: signed(now), wrong: 0 };
        Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::columns([Column::AccountId, Column::MemberId]).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&transaction)
            .await
            .map_err(unavailable)?;
        let counted = Entity::update_many()
            .col_expr(Column::Wrong, Expr::col(Column::Wrong).add(1))
            .filter(Column::AccountId.eq(account.to_vec()))
            .filter(Column::MemberId.eq(device.to_vec()))
            .filter(Column::Wrong.lt(i16::try_from(window.limit).unwrap_or(i16::MAX)))
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        commit(transaction).await?;
        Ok(counted.rows_affected == 1)
    }

    async fn return_guess(&self, account: AccountId, device: MemberId) -> Result<(), StorageError> {
        Entity::update_many()
            .col_expr(Column::Wrong, Expr::col(Column::Wrong).sub(1))
            .filter(Column::AccountId.eq(account.to_vec()))
            .filter(Column::MemberId.eq(device.to_vec()))
            .filter(Column::Wrong.gt(0))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}

/// Guesses of a window that is over count no more.
async fn forget(
    database: &impl ConnectionTrait,
    account: AccountId,
    device: MemberId,
    before: u64,
) -> Result<(), StorageError> {
    Entity::delete_many()
        .filter(Column::AccountId.eq(account.to_vec()))
        .filter(Column::MemberId.eq(device.to_vec()))
        .filter(Column::StartedAt.lte(signed(before)))
        .exec(database)
        .await
        .map_err(unavailable)?;
    Ok(())
}

#[async_trait]
impl NonceStorage for Database {
    async fn use_nonce(&self, account: AccountId, nonce: [u8; 16], expires_at: u64) -> Result<bool, StorageError> {
        let row = session_nonces::Model {
            account_id: account.to_vec(),
            nonce: nonce.to_vec(),
            expires_at: signed(expires_at),
        };
        let key = [session_nonces::Column::AccountId, session_nonces::Column::Nonce];
        let used = session_nonces::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(matches!(used, TryInsertResult::Inserted(1)))
    }
}
