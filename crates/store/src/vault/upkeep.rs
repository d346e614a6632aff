use async_trait::async_trait;
use keyfold_vault::storage::{StorageError, Swept, Upkeep};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    Database,
    entity::{accounts, enrolments, purges, revisions, session_nonces},
    error::unavailable,
    transaction::commit,
    value::signed,
};

#[async_trait]
impl Upkeep for Database {
    async fn sweep(&self, now: u64) -> Result<Swept, StorageError> {
        let mut swept = Swept::default();
        while let Some(purge) = self.next_purge(now).await? {
            swept.envelopes += self.purge(purge).await?;
        }
        swept.enrolments = enrolments::Entity::delete_many()
            .filter(enrolments::Column::ExpiresAt.lte(signed(now.saturating_sub(ENROLMENT_KEPT))))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?
            .rows_affected;
        swept.nonces = session_nonces::Entity::delete_many()
            .filter(session_nonces::Column::ExpiresAt.lte(signed(now)))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?
            .rows_affected;
        Ok(swept)
    }

    async fn ping(&self) -> Result<(), StorageError> {
        // Not the writer: whoever asks often must not stand in line with the writes.
        self.reader.ping().await.map_err(unavailable)
    }
}

impl Database {
    async fn next_purge(&self, now: u64) -> Result<Option<purges::Model>, StorageError> {
        purges::Entity::find()
            .filter(purges::Column::Due.lte(signed(now)))
            .order_by_asc(purges::Column::Due)
            .limit(1)
            .one(&self.writer)
            .await
            .map_err(unavailable)
    }

    /// Drops a purged item's envelopes: one short transaction for each, so that no push waits for all.
    async fn purge(&self, purge: purges::Model) -> Result<u64, StorageError> {
        let transaction = self.write().await?;
        let key = (purge.account_id.clone(), purge.due, purge.item_id.clone());
        let mine = purges::Entity::delete_by_id(key).exec(&transaction).await.map_err(unavailable)?;
        // Another sweep was faster: what it freed must not be given back twice.
        if mine.rows_affected == 0 {
            return Ok(0);
        }
        let freed = freed(&transaction, &purge).await?;
        let dropped = revisions::Entity::update_many()
            .col_expr(revisions::Column::Envelope, Expr::value(Option::<Vec<u8>>::None))
            .col_expr(revisions::Column::Size, Expr::value(0_i64))
            .filter(revisions::Column::AccountId.eq(purge.account_id.clone()))
            .filter(revisions::Column::ItemId.eq(purge.item_id.clone()))
            .filter(revisions::Column::Envelope.is_not_null())
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        accounts::Entity::update_many()
            .col_expr(accounts::Column::BytesUsed, Expr::col(accounts::Column::BytesUsed).sub(freed))
            .filter(accounts::Column::AccountId.eq(purge.account_id.clone()))
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        commit(transaction).await?;
        Ok(dropped.rows_affected)
    }
}

async fn freed(database: &impl ConnectionTrait, purge: &purges::Model) -> Result<i64, StorageError> {
    let sizes: Vec<i64> = revisions::Entity::find()
        .select_only()
        .column(revisions::Column::Size)
        .filter(revisions::Column::AccountId.eq(purge.account_id.clone()))
        .filter(revisions::Column::ItemId.eq(purge.item_id.clone()))
        .filter(revisions::Column::Size.gt(0))
        .into_tuple()
        .all(database)
        .await
        .map_err(unavailable)?;
    Ok(sizes.iter().sum())
}

/// A device that comes late is told that its enrolment has ended, rather than that there was none.
const ENROLMENT_KEPT: u64 = 60 * 60 * 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DatabaseUrl;

    #[tokio::test]
    async fn a_database_that_is_being_written_to_still_says_that_it_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::connect(&DatabaseUrl::file(&directory.path().join("keyfold.db"))).await.unwrap();
        let write = database.write().await.unwrap();
        database.ping().await.unwrap();
        write.rollback().await.unwrap();
    }
}
