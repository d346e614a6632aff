use async_trait::async_trait;
use keyfold_vault::storage::{AccountId, RosterNews, RosterNewsStorage, StorageError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};

use crate::{
    Database,
    entity::roster_news::{Column, Entity, Model},
    error::unavailable,
    value::{account_id, signed, unsigned},
};

#[async_trait]
impl RosterNewsStorage for Database {
    async fn roster_news(&self, after: Option<AccountId>, limit: u64) -> Result<Vec<RosterNews>, StorageError> {
        let mut found = Entity::find();
        if let Some(after) = after {
            found = found.filter(Column::AccountId.gt(after.to_vec()));
        }
        let found = found.order_by_asc(Column::AccountId).limit(limit);
        let rows = found.all(&self.reader).await.map_err(unavailable)?;
        let news = |row: Model| {
            Ok(RosterNews { account: account_id(&row.account_id)?, roster_seq: unsigned(row.roster_seq)? })
        };
        rows.into_iter().map(news).collect()
    }

    async fn heard(&self, news: RosterNews) -> Result<(), StorageError> {
        Entity::delete_many()
            .filter(Column::AccountId.eq(news.account.to_vec()))
            .filter(Column::RosterSeq.lte(signed(news.roster_seq)))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}

/// Notes that an account's roster has moved, in the transaction that moves it.
pub(super) async fn note(
    database: &impl ConnectionTrait,
    account: AccountId,
    roster_seq: u64,
) -> Result<(), StorageError> {
    let row = Model { account_id: account.to_vec(), roster_seq: signed(roster_seq) };
    let again = OnConflict::column(Column::AccountId).update_column(Column::RosterSeq).to_owned();
    Entity::insert(row.into_active_model())
        .on_conflict(again)
        .exec_without_returning(database)
        .await
        .map_err(unavailable)?;
    Ok(())
}
