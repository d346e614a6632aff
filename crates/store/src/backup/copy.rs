use futures_util::TryStreamExt;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, Select,
    sea_query::{Expr, ExprTrait, OnConflict, Query, SimpleExpr},
};

use super::{Contents, Progress, digest::RowsDigest};
use crate::entity::{
    accounts, commits, compliance_policies, deleted_accounts, epoch_links, invites, member_devices, member_exports,
    member_invites, members, purges, relying_parties, revisions, roster_entries, rp_domains, sealed_keys, server_keys,
    statements, statuses, tenant_keys, tenants,
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
    copying.table_over(deleted_accounts::Entity::find(), &what_ended_stays()).await?;
    copying.table_over(invites::Entity::find(), &what_ended_stays()).await?;
    copying.table(server_keys::Entity::find().filter(is_log_key())).await?;
    copying.tenants().await?;
    Ok((Contents { accounts, rows: copying.done }, copying.digest))
}

/// Empties every table that a backup fills, and those that it does not, but for what has ended here for good: accounts that
/// were deleted, and invites that were used.
pub(super) async fn clear(database: &impl ConnectionTrait) -> Result<(), DbErr> {
    use crate::entity::{enrolments, guesses, roster_news, session_nonces};
    guesses::Entity::delete_many().exec(database).await?;
    session_nonces::Entity::delete_many().exec(database).await?;
    enrolments::Entity::delete_many().exec(database).await?;
    // Their accounts' rows go with them.
    accounts::Entity::delete_many().exec(database).await?;
    invites::Entity::delete_many().filter(invites::Column::AccountId.is_null()).exec(database).await?;
    server_keys::Entity::delete_many().exec(database).await?;
    // Nobody hears of a roster that is not there any more; every other row of the tenants' goes with them.
    roster_news::Entity::delete_many().exec(database).await?;
    tenants::Entity::delete_many().exec(database).await?;
    Ok(())
}

/// As if nothing had ever ended here.
pub(super) async fn forget_what_ended(database: &impl ConnectionTrait) -> Result<(), DbErr> {
    deleted_accounts::Entity::delete_many().exec(database).await?;
    invites::Entity::delete_many().exec(database).await?;
    Ok(())
}

/// Takes out what came with the backup of accounts that are deleted here; how many there were.
pub(super) async fn delete_again(database: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let mut deleted = Query::select();
    deleted.column(deleted_accounts::Column::AccountId).from(deleted_accounts::Entity);
    let gone = accounts::Entity::delete_many().filter(accounts::Column::AccountId.in_subquery(deleted));
    Ok(gone.exec(database).await?.rows_affected)
}

fn what_ended_stays() -> OnConflict {
    OnConflict::new().do_nothing().to_owned()
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
            + server_keys::Entity::find().filter(is_log_key()).count(from).await?
            + self.count_of_tenants().await?)
    }

    async fn count_of_tenants(&self) -> Result<u64, DbErr> {
        let from = self.from;
        Ok(tenants::Entity::find().count(from).await?
            + tenant_keys::Entity::find().count(from).await?
            + relying_parties::Entity::find().count(from).await?
            + rp_domains::Entity::find().count(from).await?
            + compliance_policies::Entity::find().count(from).await?
            + member_invites::Entity::find().count(from).await?
            + members::Entity::find().count(from).await?
            + member_devices::Entity::find().count(from).await?
            + member_exports::Entity::find().count(from).await?
            + statuses::Entity::find().count(from).await?
            + statements::Entity::find().count(from).await?)
    }

    /// All of the tenants but what is good for minutes.
    async fn tenants(&mut self) -> Result<(), DbErr> {
        self.table(tenants::Entity::find()).await?;
        self.table(tenant_keys::Entity::find()).await?;
        self.table(relying_parties::Entity::find()).await?;
        self.table(rp_domains::Entity::find()).await?;
        self.table(compliance_policies::Entity::find()).await?;
        self.table(member_invites::Entity::find()).await?;
        self.table(members::Entity::find()).await?;
        self.table(member_devices::Entity::find()).await?;
        self.table(member_exports::Entity::find()).await?;
        self.table(statuses::Entity::find()).await?;
        self.table(statements::Entity::find()).await?;
        Ok(())
    }

    /// Copies the rows of one table; how many there were.
    async fn table<E>(&mut self, rows: Select<E>) -> Result<u64, DbErr>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel> + Send + Sync,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        self.pages(rows, async |to, page| E::insert_many(page).exec_without_returning(to).await.map(drop)).await
    }

    /// The same for a table that is not empty.
    async fn table_over<E>(&mut self, rows: Select<E>, met: &OnConflict) -> Result<u64, DbErr>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel> + Send + Sync,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let insert = async |to: &DatabaseTransaction, page: Vec<E::ActiveModel>| {
            let rows = E::insert_many(page).on_conflict(met.clone());
            rows.try_insert().exec_without_returning(to).await.map(drop)
        };
        self.pages(rows, insert).await
    }

    async fn pages<E>(
        &mut self,
        rows: Select<E>,
        insert: impl AsyncFn(&DatabaseTransaction, Vec<E::ActiveModel>) -> Result<(), DbErr>,
    ) -> Result<u64, DbErr>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel> + Send + Sync,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let mut pages = rows.stream(self.from).await?.try_chunks(PAGE);
        let mut copied = 0;
        while let Some(page) = pages.try_next().await.map_err(|broken| broken.1)? {
            let page: Vec<_> = page.into_iter().map(IntoActiveModel::into_active_model).collect();
            for row in &page {
                self.digest.add_row(row);
            }
            let count = u64::try_from(page.len()).unwrap_or(u64::MAX);
            insert(self.to, page).await?;
            copied += count;
            self.done += count;
            (self.progress)(self.done, self.total);
        }
        Ok(copied)
    }
}

/// Rows that are written at once. The longest has 128 KiB.
const PAGE: usize = 100;
