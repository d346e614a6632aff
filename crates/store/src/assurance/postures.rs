use async_trait::async_trait;
use keyfold_assurance::{
    policy::State,
    storage::{Device, DeviceKey, Judged, Kept, News, Policies, PolicyRow, PostureStorage, StorageError},
};
use keyfold_wire::TenantId;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use super::{
    devices, members,
    row::{account_id, device_id, other, state_number, tenant_id, unavailable, unsigned},
    statuses,
};
use crate::{
    Database,
    entity::{compliance_policies, member_devices, tenants},
    transaction::commit,
    value::signed,
};

#[async_trait]
impl PostureStorage for Database {
    async fn compliance_policies(&self, tenant: TenantId) -> Result<Policies, StorageError> {
        // Before the policies: what changes between the two is found out when a judgement by them is to be kept.
        let found = tenants::Entity::find_by_id(tenant.to_vec()).one(&self.reader).await.map_err(unavailable)?;
        let changes = found.map_or(Ok(0), |found| unsigned(found.policy_changes))?;
        let rows = compliance_policies::Entity::find()
            .filter(compliance_policies::Column::TenantId.eq(tenant.to_vec()))
            .order_by_asc(compliance_policies::Column::Name)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        let row = |row: compliance_policies::Model| {
            Ok(PolicyRow { name: row.name, policy: row.policy, changed_at: unsigned(row.changed_at)? })
        };
        Ok(Policies { changes, rows: rows.into_iter().map(row).collect::<Result<_, _>>()? })
    }

    async fn set_compliance_policy(&self, tenant: TenantId, policy: PolicyRow) -> Result<(), StorageError> {
        use compliance_policies::Column;
        let row = compliance_policies::Model {
            tenant_id: tenant.to_vec(),
            name: policy.name,
            policy: policy.policy,
            changed_at: signed(policy.changed_at),
        };
        let met = OnConflict::columns([Column::TenantId, Column::Name])
            .update_columns([Column::Policy, Column::ChangedAt])
            .to_owned();
        let transaction = self.write().await.map_err(other)?;
        policies_change(&transaction, tenant).await?;
        compliance_policies::Entity::insert(row.into_active_model())
            .on_conflict(met)
            .exec_without_returning(&transaction)
            .await
            .map_err(unavailable)?;
        judgements_are_over(&transaction, tenant).await?;
        commit(transaction).await.map_err(other)
    }

    async fn remove_compliance_policy(&self, tenant: TenantId, name: &str) -> Result<bool, StorageError> {
        let key = (tenant.to_vec(), name.to_owned());
        let transaction = self.write().await.map_err(other)?;
        policies_change(&transaction, tenant).await?;
        let gone = compliance_policies::Entity::delete_by_id(key).exec(&transaction).await.map_err(unavailable)?;
        if gone.rows_affected == 0 {
            return Ok(false);
        }
        judgements_are_over(&transaction, tenant).await?;
        commit(transaction).await.map_err(other)?;
        Ok(true)
    }

    async fn judged(&self, tenant: TenantId, judged: Judged) -> Result<Kept, StorageError> {
        use member_devices::Column;
        let (account, device) = (judged.before.account, judged.before.device);
        let transaction = self.write().await.map_err(other)?;
        members::locked(&transaction, tenant, account).await?;
        let policies = tenants::Entity::find_by_id(tenant.to_vec()).lock_shared().one(&transaction).await;
        let policies = policies.map_err(unavailable)?.map_or(Ok(0), |found| unsigned(found.policy_changes))?;
        let Some(found) = devices::locked(&transaction, tenant, account, device).await? else { return Ok(Kept::Gone) };
        if policies != judged.policies || !is_as(&found, &judged.before) {
            return Ok(Kept::Moved);
        }
        let mut update = member_devices::Entity::update_many()
            .col_expr(Column::Failing, Expr::value(judged.failing))
            .col_expr(Column::Compliance, Expr::value(state_number(judged.compliance)))
            .col_expr(Column::ComplianceUntil, Expr::value(signed(judged.compliance_until)));
        update = match judged.news {
            Some(News::Posture(posture)) => update.col_expr(Column::Posture, Expr::value(posture)),
            Some(News::External(external)) => update.col_expr(Column::External, Expr::value(external)),
            None => update,
        };
        update
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .filter(Column::AccountId.eq(account.to_vec()))
            .filter(Column::DeviceId.eq(device.to_vec()))
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        statuses::leaves_stand(&transaction, tenant, account, device, judged.leaves).await?;
        let before = &judged.before;
        let counts = |state: State, until| state.is_let_in() && until > judged.at;
        let had_counted = counts(before.compliance, before.compliance_until);
        if before.compliance != judged.compliance || had_counted != counts(judged.compliance, judged.compliance_until) {
            statuses::reports_are_over(&transaction, tenant, account).await?;
        }
        commit(transaction).await.map_err(other)?;
        Ok(Kept::Done)
    }

    async fn judgements_due(
        &self,
        now: u64,
        after: Option<DeviceKey>,
        limit: u64,
    ) -> Result<Vec<DeviceKey>, StorageError> {
        use member_devices::Column;
        // Who is not let in is not let in any less by time.
        let mut due = member_devices::Entity::find()
            .filter(Column::ComplianceUntil.lte(signed(now)))
            .filter(Column::Compliance.is_in(let_in()))
            .filter(Column::RemovedAt.is_null())
            .cursor_by((Column::TenantId, Column::AccountId, Column::DeviceId));
        if let Some(after) = after {
            due.after((after.tenant.to_vec(), after.account.to_vec(), after.device.to_vec()));
        }
        let rows = due.first(limit).all(&self.reader).await.map_err(unavailable)?;
        let key = |row: &member_devices::Model| {
            Ok(DeviceKey {
                tenant: tenant_id(&row.tenant_id)?,
                account: account_id(&row.account_id)?,
                device: device_id(&row.device_id)?,
            })
        };
        rows.iter().map(key).collect()
    }
}

/// Whether a device is what it was judged by.
fn is_as(found: &member_devices::Model, before: &Device) -> bool {
    let stands = (state_number(before.compliance), signed(before.compliance_until));
    (&found.posture, &found.external, &found.failing) == (&before.posture, &before.external, &before.failing)
        && (found.compliance, found.compliance_until) == stands
}

/// Whoever judges by the policies from before is found out. Taken before any device: until this ends, no judgement is kept.
async fn policies_change(database: &impl ConnectionTrait, tenant: TenantId) -> Result<(), StorageError> {
    use tenants::Column;
    tenants::Entity::update_many()
        .col_expr(Column::PolicyChanges, Expr::col(Column::PolicyChanges).add(1))
        .filter(Column::TenantId.eq(tenant.to_vec()))
        .exec(database)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// Nobody of the tenant is let in any more by a judgement that was.
async fn judgements_are_over(database: &impl ConnectionTrait, tenant: TenantId) -> Result<(), StorageError> {
    use member_devices::Column;
    let let_in = Condition::all()
        .add(Column::TenantId.eq(tenant.to_vec()))
        .add(Column::Compliance.is_in(let_in()))
        .add(Column::RemovedAt.is_null());
    // Locked in the order in which everybody locks several, so that nobody waits for the other.
    let _: Vec<Vec<u8>> = member_devices::Entity::find()
        .select_only()
        .column(Column::DeviceId)
        .filter(let_in.clone())
        .order_by_asc(Column::AccountId)
        .order_by_asc(Column::DeviceId)
        .lock_exclusive()
        .into_tuple()
        .all(database)
        .await
        .map_err(unavailable)?;
    member_devices::Entity::update_many()
        .col_expr(Column::ComplianceUntil, Expr::value(0_i64))
        .filter(let_in)
        .exec(database)
        .await
        .map_err(unavailable)?;
    Ok(())
}

fn let_in() -> [i16; 2] {
    [State::Compliant, State::InGracePeriod].map(state_number)
}
