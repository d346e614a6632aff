use futures_util::TryStreamExt;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, Select,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};

use super::{Contents, Progress, digest::RowsDigest};
use crate::entity::{
    accounts, commits, deleted_accounts, epoch_links, invites, purges, revisions, roster_entries, sealed_keys,
    server_keys,
};
use crate::vault::LOG_KEY;

/// Copies all that a backup holds from one database to another. Rows that other rows need come first.
pub(super) async fn copy_all(
    from: &DatabaseTransaction,
    to: &DatabaseTransaction,
    progress: Progress<'_>,
) -> Result<(Contents, RowsDigest), DbErr> {
    let mut copying = Copying { from, to, progress, done: 0, total: 0, digest: RowsDigest::default() };
    copying.total = copying.count().await?;
    let accounts = copying.table(accounts::Entity::find()).await?;
    copying.table(roster_entries::Entity::find()).await?;
    copying.table(sealed_keys::Entity::find()).await?;
    copying.table(epoch_links::Entity::find()).await?;
    copying.table(commits::Entity::find()).await?;
    copying.table(revisions::Entity::find()).await?;
    copying.table(purges::Entity::find()).await?;
    copying.table(deleted_accounts::Entity::find()).await?;
    copying.table(invites::Entity::find()).await?;
    copying.table(server_keys::Entity::find().filter(is_log_key())).await?;
    Ok((Contents { accounts, rows: copying.done }, copying.digest))
}

/// Empties every table that a backup fills, and those that it does not.
pub(super) async fn clear(database: &impl ConnectionTrait) -> Result<(), DbErr> {
    use crate::entity::{enrolments, guesses, session_nonces};
    guesses::Entity::delete_many().exec(database).await?;
    session_nonces::Entity::delete_many().exec(database).await?;
    enrolments::Entity::delete_many().exec(database).await?;
    // Their accounts' rows go with them.
    accounts::Entity::delete_many().exec(database).await?;
    deleted_accounts::Entity::delete_many().exec(database).await?;
    invites::Entity::delete_many().exec(database).await?;
    server_keys::Entity::delete_many().exec(database).await?;
    Ok(())
}

/// Sessions last ten minutes, and whoever reads a backup should not open any.
fn is_log_key() -> SimpleExpr {
    Expr::col(server_keys::Column::Kind).eq(LOG_KEY)
}

struct Copying<'a> {
    from: &'a DatabaseTransaction,
    to: &'a DatabaseTransaction,
    progress: Progress<'a>,
    done: u64,
    total: u64,
    digest: RowsDigest,
}

impl Copying<'_> {
    async fn count(&self) -> Result<u64, DbErr> {
        let from = self.from;
        Ok(accounts::Entity::find().count(from).await?
            + roster_entries::Entity::find().count(from).await?
            + sealed_keys::Entity::find().count(from).await?
            + epoch_links::Entity::find().count(from).await?
            + commits::Entity::find().count(from).await?
            + revisions::Entity::find().count(from).await?
            + purges::Entity::find().count(from).await?
            + deleted_accounts::Entity::find().count(from).await?
            + invites::Entity::find().count(from).await?
            + server_keys::Entity::find().filter(is_log_key()).count(from).await?)
    }

    /// Copies the rows of one table; how many there were.
    async fn table<E>(&mut self, rows: Select<E>) -> Result<u64, DbErr>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel> + Send + Sync,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let mut stream = rows.stream(self.from).await?;
        let (mut page, mut copied) = (Vec::new(), 0);
        while let Some(row) = stream.try_next().await? {
            let row = row.into_active_model();
            self.digest.add_row(&row);
            page.push(row);
            if page.len() == PAGE {
                copied += self.write::<E>(std::mem::take(&mut page)).await?;
            }
        }
        copied += self.write::<E>(page).await?;
        Ok(copied)
    }

    async fn write<E>(&mut self, page: Vec<E::ActiveModel>) -> Result<u64, DbErr>
    where
        E: EntityTrait,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let count = u64::try_from(page.len()).unwrap_or(u64::MAX);
        if count > 0 {
            E::insert_many(page).exec_without_returning(self.to).await?;
        }
        self.done += count;
        (self.progress)(self.done, self.total);
        Ok(count)
    }
}

/// Rows that are written at once. The longest has 128 KiB.
const PAGE: usize = 100;
