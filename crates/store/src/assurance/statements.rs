use async_trait::async_trait;
use keyfold_assurance::storage::{Stated, StatementRow, StatementStorage, StorageError};
use keyfold_wire::TenantId;
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};

use super::row::{account_id, device_id, hash, other, unavailable, unsigned};
use crate::{
    Database,
    entity::{
        member_devices,
        statements::{Column, Entity, Model},
    },
    transaction::commit,
    value::signed,
};

#[async_trait]
impl StatementStorage for Database {
    async fn state(
        &self,
        tenant: TenantId,
        statement: StatementRow,
        most: u64,
        most_of_tag: u64,
    ) -> Result<Stated, StorageError> {
        let transaction = self.write().await.map_err(other)?;
        let key = (tenant.to_vec(), statement.tag.to_vec(), statement.hash.to_vec());
        if Entity::find_by_id(key).one(&transaction).await.map_err(unavailable)?.is_some() {
            return Ok(Stated::Done);
        }
        let of_account = Entity::find()
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .filter(Column::AccountId.eq(statement.account.to_vec()));
        let of_tag = Entity::find()
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .filter(Column::Tag.eq(statement.tag.to_vec()))
            .filter(Column::DeviceId.eq(statement.device.to_vec()));
        let is_full = of_account.count(&transaction).await.map_err(unavailable)? >= most
            || of_tag.count(&transaction).await.map_err(unavailable)? >= most_of_tag;
        if is_full {
            return Ok(Stated::Full);
        }
        let row = Model {
            tenant_id: tenant.to_vec(),
            tag: statement.tag.to_vec(),
            statement_hash: statement.hash.to_vec(),
            account_id: statement.account.to_vec(),
            device_id: statement.device.to_vec(),
            statement: statement.statement,
            stated_at: signed(statement.stated_at),
        };
        Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&transaction)
            .await
            .map_err(unavailable)?;
        commit(transaction).await.map_err(other)?;
        Ok(Stated::Done)
    }

    async fn statements(&self, tenant: TenantId, tag: [u8; 32], limit: u64) -> Result<Vec<StatementRow>, StorageError> {
        use member_devices::Column as Of;
        let there = Query::select()
            .columns([Of::AccountId, Of::DeviceId])
            .from(member_devices::Entity)
            .and_where(Of::TenantId.eq(tenant.to_vec()))
            .and_where(Of::RemovedAt.is_null())
            .to_owned();
        let by = Expr::tuple([Expr::col(Column::AccountId), Expr::col(Column::DeviceId)]);
        let rows = Entity::find()
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .filter(Column::Tag.eq(tag.to_vec()))
            .filter(by.in_subquery(there))
            .order_by_asc(Column::StatedAt)
            .order_by_asc(Column::StatementHash)
            .limit(limit)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(StatementRow::try_from).collect()
    }
}

impl TryFrom<Model> for StatementRow {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        Ok(Self {
            tag: hash(&row.tag)?,
            hash: hash(&row.statement_hash)?,
            account: account_id(&row.account_id)?,
            device: device_id(&row.device_id)?,
            statement: row.statement,
            stated_at: unsigned(row.stated_at)?,
        })
    }
}
