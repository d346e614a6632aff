use keyfold_assurance::{
    policy::State,
    storage::{Device, Standing, StorageError},
};
use keyfold_wire::{AccountId, MemberId, TenantId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use super::{
    row::{account_id, device_id, state, state_number, unavailable, unsigned},
    statuses,
};
use crate::{
    entity::member_devices::{Column, Entity, Model},
    value::signed,
};

/// The account has these devices from then on: what is new comes, what is gone is removed, and its leaves count no more.
pub(super) async fn follow(
    database: &impl ConnectionTrait,
    tenant: TenantId,
    account: AccountId,
    devices: &[(MemberId, String)],
    at: u64,
) -> Result<(), StorageError> {
    let known = Entity::find()
        .filter(Column::TenantId.eq(tenant.to_vec()))
        .filter(Column::AccountId.eq(account.to_vec()))
        // Whoever locks several locks them in this order.
        .order_by_asc(Column::DeviceId)
        .lock_exclusive()
        .all(database)
        .await
        .map_err(unavailable)?;
    for row in known.iter().filter(|row| row.removed_at.is_none()) {
        if devices.iter().any(|(device, _)| device.as_bytes().as_slice() == row.device_id) {
            continue;
        }
        Entity::update_many()
            .col_expr(Column::RemovedAt, Expr::value(signed(at)))
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .filter(Column::AccountId.eq(account.to_vec()))
            .filter(Column::DeviceId.eq(row.device_id.clone()))
            .exec(database)
            .await
            .map_err(unavailable)?;
        statuses::leaves_stand(database, tenant, account, device_id(&row.device_id)?, Standing::Invalid).await?;
    }
    for (device, name) in devices {
        let row = Model {
            tenant_id: tenant.to_vec(),
            account_id: account.to_vec(),
            device_id: device.to_vec(),
            name: name.clone(),
            seen_at: signed(at),
            removed_at: None,
            posture: None,
            external: None,
            failing: "[]".to_owned(),
            compliance: state_number(State::Unknown),
            compliance_until: 0,
        };
        // Its user may have given it another name; a device of an account that left and came again is there again.
        let again = [Column::Name, Column::RemovedAt];
        let met = OnConflict::columns([Column::TenantId, Column::AccountId, Column::DeviceId])
            .update_columns(again)
            .to_owned();
        Entity::insert(row.into_active_model())
            .on_conflict(met)
            .exec_without_returning(database)
            .await
            .map_err(unavailable)?;
    }
    Ok(())
}

/// A device that is not removed, which nobody else judges, removes or gives anything until the transaction ends.
pub(super) async fn locked(
    database: &impl ConnectionTrait,
    tenant: TenantId,
    account: AccountId,
    device: MemberId,
) -> Result<Option<Model>, StorageError> {
    let key = (tenant.to_vec(), account.to_vec(), device.to_vec());
    let row = Entity::find_by_id(key).lock_exclusive().one(database).await.map_err(unavailable)?;
    Ok(row.filter(|row| row.removed_at.is_none()))
}

impl TryFrom<Model> for Device {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        Ok(Self {
            account: account_id(&row.account_id)?,
            device: device_id(&row.device_id)?,
            name: row.name,
            seen_at: unsigned(row.seen_at)?,
            removed_at: row.removed_at.map(unsigned).transpose()?,
            posture: row.posture,
            external: row.external,
            failing: row.failing,
            compliance: state(row.compliance)?,
            compliance_until: unsigned(row.compliance_until)?,
        })
    }
}
