use std::collections::BTreeMap;

use async_trait::async_trait;
use keyfold_assurance::storage::{LeavesOf, Place, Places, ReportOf, Standing, StatusStorage, StorageError};
use keyfold_wire::{AccountId, MemberId, TenantId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, Select,
    TryInsertResult,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};

use super::{
    devices, members,
    row::{number, other, standing, standing_number, state_number, unavailable},
};
use crate::{
    Database,
    entity::{
        member_devices,
        statuses::{Column, Entity, Model},
    },
    transaction::commit,
    value::signed,
};

#[async_trait]
impl StatusStorage for Database {
    async fn take_places(
        &self,
        tenant: TenantId,
        of: LeavesOf,
        list: u32,
        drawn: &[u32],
    ) -> Result<Places, StorageError> {
        let transaction = self.write().await.map_err(other)?;
        let device = devices::locked(&transaction, tenant, of.account, of.device).await?;
        let stands = |device: member_devices::Model| {
            of.compliance.is_let_in()
                && device.compliance == state_number(of.compliance)
                && device.compliance_until > signed(of.now)
        };
        if !device.is_some_and(stands) {
            return Ok(Places::Otherwise);
        }
        let has = Entity::find()
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .filter(Column::AccountId.eq(of.account.to_vec()))
            .filter(Column::Kind.eq(LEAF))
            .filter(Column::DeviceId.eq(of.device.to_vec()))
            .filter(Column::ExpiresAt.gt(signed(of.now)))
            .count(&transaction)
            .await
            .map_err(unavailable)?;
        let count = u64::try_from(of.count).unwrap_or(u64::MAX);
        if has.saturating_add(count) > of.most {
            return Ok(Places::Full);
        }
        let mut taken = Vec::with_capacity(of.count);
        for index in drawn {
            if taken.len() == of.count {
                break;
            }
            let row = Model {
                tenant_id: tenant.to_vec(),
                list: i64::from(list),
                place: i64::from(*index),
                kind: LEAF,
                account_id: of.account.to_vec(),
                device_id: Some(of.device.to_vec()),
                client_id: None,
                tag: None,
                status: standing_number(Standing::Valid),
                expires_at: signed(of.expires_at),
            };
            if insert(&transaction, row).await? {
                taken.push(Place { list, index: *index });
            }
        }
        if taken.len() < of.count {
            // Returning without a commit rolls back.
            return Ok(Places::NoRoom);
        }
        commit(transaction).await.map_err(other)?;
        Ok(Places::Taken(taken))
    }

    async fn report_place(
        &self,
        tenant: TenantId,
        of: ReportOf,
        list: u32,
        drawn: &[u32],
    ) -> Result<Places, StorageError> {
        let transaction = self.write().await.map_err(other)?;
        if members::locked(&transaction, tenant, of.account).await?.is_none() {
            return Ok(Places::Otherwise);
        }
        let held = Entity::find()
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .filter(Column::AccountId.eq(of.account.to_vec()))
            .filter(Column::Kind.eq(REPORT))
            .filter(Column::ClientId.eq(of.client.to_vec()))
            .filter(Column::Tag.eq(of.tag.to_vec()))
            .filter(Column::Status.eq(standing_number(Standing::Valid)))
            .filter(Column::ExpiresAt.gt(signed(of.now)))
            .one(&transaction)
            .await
            .map_err(unavailable)?;
        if let Some(row) = held {
            let place = Place { list: number(row.list)?, index: number(row.place)? };
            let put_off = Entity::update_many()
                .col_expr(Column::ExpiresAt, Expr::value(signed(of.expires_at)))
                .filter(at(tenant, place))
                .exec(&transaction)
                .await
                .map_err(unavailable)?;
            // Another server's clock may have had it forgotten meanwhile.
            if put_off.rows_affected == 1 {
                commit(transaction).await.map_err(other)?;
                return Ok(Places::Taken(vec![place]));
            }
        }
        for index in drawn {
            let row = Model {
                tenant_id: tenant.to_vec(),
                list: i64::from(list),
                place: i64::from(*index),
                kind: REPORT,
                account_id: of.account.to_vec(),
                device_id: None,
                client_id: Some(of.client.to_vec()),
                tag: Some(of.tag.to_vec()),
                status: standing_number(Standing::Valid),
                expires_at: signed(of.expires_at),
            };
            if insert(&transaction, row).await? {
                commit(transaction).await.map_err(other)?;
                return Ok(Places::Taken(vec![Place { list, index: *index }]));
            }
        }
        Ok(Places::NoRoom)
    }

    async fn standing(&self, tenant: TenantId, place: Place, now: u64) -> Result<Option<Standing>, StorageError> {
        let row = Entity::find().filter(at(tenant, place)).one(&self.reader).await.map_err(unavailable)?;
        let Some(row) = row else { return Ok(None) };
        let lapsed = lapsed(tenant, now).filter(at(tenant, place)).one(&self.reader).await.map_err(unavailable)?;
        if lapsed.is_some() {
            return Ok(Some(Standing::Suspended));
        }
        standing(row.status).map(Some)
    }

    async fn not_valid(&self, tenant: TenantId, list: u32, now: u64) -> Result<Vec<(u32, Standing)>, StorageError> {
        let lapsed: Vec<i64> = lapsed(tenant, now)
            .select_only()
            .column(Column::Place)
            .filter(Column::List.eq(i64::from(list)))
            .into_tuple()
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        // What lapses between the two is in both.
        let rows: Vec<(i64, i16)> = Entity::find()
            .select_only()
            .column(Column::Place)
            .column(Column::Status)
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .filter(Column::List.eq(i64::from(list)))
            .filter(Column::Status.ne(standing_number(Standing::Valid)))
            .into_tuple()
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        let lapsed = lapsed.into_iter().map(|place| (place, standing_number(Standing::Suspended)));
        let all: BTreeMap<i64, i16> = lapsed.chain(rows).collect();
        all.into_iter().map(|(place, status)| Ok((number(place)?, standing(status)?))).collect()
    }

    async fn last_list(&self, tenant: TenantId) -> Result<Option<u32>, StorageError> {
        let last: Option<Option<i64>> = Entity::find()
            .select_only()
            .column_as(Column::List.max(), "last")
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .into_tuple()
            .one(&self.reader)
            .await
            .map_err(unavailable)?;
        last.flatten().map(number).transpose()
    }

    async fn taken(&self, tenant: TenantId, list: u32) -> Result<u64, StorageError> {
        let taken = Entity::find()
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .filter(Column::List.eq(i64::from(list)))
            .count(&self.reader);
        taken.await.map_err(unavailable)
    }

    async fn forget_statuses(&self, now: u64) -> Result<u64, StorageError> {
        let gone = Entity::delete_many()
            .filter(Column::ExpiresAt.lte(signed(now)))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(gone.rows_affected)
    }
}

/// Leaves that are valid by their rows, and whose device's judgement counts no more: nobody has judged it since.
fn lapsed(tenant: TenantId, now: u64) -> Select<Entity> {
    use member_devices::Column as Of;
    let devices = Query::select()
        .columns([Of::AccountId, Of::DeviceId])
        .from(member_devices::Entity)
        .and_where(Of::TenantId.eq(tenant.to_vec()))
        .and_where(Of::ComplianceUntil.lte(signed(now)))
        .and_where(Of::RemovedAt.is_null())
        .to_owned();
    let device = Expr::tuple([Expr::col(Column::AccountId), Expr::col(Column::DeviceId)]);
    Entity::find()
        .filter(Column::TenantId.eq(tenant.to_vec()))
        .filter(Column::Kind.eq(LEAF))
        .filter(Column::Status.eq(standing_number(Standing::Valid)))
        .filter(device.in_subquery(devices))
}

/// A device's leaves stand so from then on; what counts no more stays so.
pub(super) async fn leaves_stand(
    database: &impl ConnectionTrait,
    tenant: TenantId,
    account: AccountId,
    device: MemberId,
    standing: Standing,
) -> Result<(), StorageError> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(standing_number(standing)))
        .filter(Column::TenantId.eq(tenant.to_vec()))
        .filter(Column::AccountId.eq(account.to_vec()))
        .filter(Column::Kind.eq(LEAF))
        .filter(Column::DeviceId.eq(device.to_vec()))
        .filter(Column::Status.is_not_in([Standing::Invalid, standing].map(standing_number)))
        .exec(database)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// Something is different of an account: what was reported of it is to be asked for anew.
pub(super) async fn reports_are_over(
    database: &impl ConnectionTrait,
    tenant: TenantId,
    account: AccountId,
) -> Result<(), StorageError> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(standing_number(Standing::Invalid)))
        .filter(Column::TenantId.eq(tenant.to_vec()))
        .filter(Column::AccountId.eq(account.to_vec()))
        .filter(Column::Kind.eq(REPORT))
        .exec(database)
        .await
        .map_err(unavailable)?;
    Ok(())
}

async fn insert(database: &impl ConnectionTrait, row: Model) -> Result<bool, StorageError> {
    let inserted = Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(database)
        .await
        .map_err(unavailable)?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

fn at(tenant: TenantId, place: Place) -> sea_orm::Condition {
    sea_orm::Condition::all()
        .add(Column::TenantId.eq(tenant.to_vec()))
        .add(Column::List.eq(i64::from(place.list)))
        .add(Column::Place.eq(i64::from(place.index)))
}

const LEAF: i16 = 1;
const REPORT: i16 = 2;
