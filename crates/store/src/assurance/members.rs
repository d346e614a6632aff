use async_trait::async_trait;
use keyfold_assurance::storage::{
    Device, Facts, InviteHash, Joined, Member, MemberInvite, MemberStorage, NewMember, NewMemberInvite, StorageError,
    Taken,
};
use keyfold_wire::{AccountId, MemberId, TenantId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, TryInsertResult,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use super::{
    devices,
    row::{account_id, hash, other, tenant_id, unavailable, unsigned},
    statuses,
};
use crate::{
    Database,
    entity::{member_devices, member_exports, member_invites, members},
    transaction::commit,
    value::signed,
};

#[async_trait]
impl MemberStorage for Database {
    async fn add_member_invite(&self, tenant: TenantId, invite: NewMemberInvite) -> Result<(), StorageError> {
        let row = member_invites::Model {
            tenant_id: tenant.to_vec(),
            invite_hash: invite.hash.0.to_vec(),
            name: invite.name,
            created_at: signed(invite.created_at),
            expires_at: signed(invite.expires_at),
            account_id: None,
        };
        member_invites::Entity::insert(row.into_active_model())
            .exec_without_returning(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    async fn member_invite(&self, hash: InviteHash) -> Result<Option<MemberInvite>, StorageError> {
        let found = member_invites::Entity::find().filter(member_invites::Column::InviteHash.eq(hash.0.to_vec()));
        found.one(&self.reader).await.map_err(unavailable)?.map(MemberInvite::try_from).transpose()
    }

    async fn member_invites(&self, tenant: TenantId, limit: u64) -> Result<Vec<MemberInvite>, StorageError> {
        let rows = member_invites::Entity::find()
            .filter(member_invites::Column::TenantId.eq(tenant.to_vec()))
            .order_by_desc(member_invites::Column::CreatedAt)
            .limit(limit)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(MemberInvite::try_from).collect()
    }

    async fn join(&self, tenant: TenantId, member: NewMember) -> Result<Joined, StorageError> {
        let transaction = self.write().await.map_err(other)?;
        let account = member.account;
        let used = member_invites::Entity::update_many()
            .col_expr(member_invites::Column::AccountId, Expr::value(account.to_vec()))
            .filter(member_invites::Column::TenantId.eq(tenant.to_vec()))
            .filter(member_invites::Column::InviteHash.eq(member.invite.0.to_vec()))
            .filter(member_invites::Column::ExpiresAt.gt(signed(member.at)))
            .filter(member_invites::Column::AccountId.is_null())
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        let key = (tenant.to_vec(), member.invite.0.to_vec());
        let invite = member_invites::Entity::find_by_id(key).one(&transaction).await.map_err(unavailable)?;
        let invite = invite.filter(|invite| invite.account_id.as_deref() == Some(account.as_bytes()));
        let Some(invite) = invite else { return Ok(Joined::Refused) };
        let known = find(&transaction, tenant, account).await?;
        match known {
            // The same again; who left needs another invite.
            Some(known) if used.rows_affected == 0 => {
                return Ok(if known.left_at.is_none() { Joined::Done } else { Joined::Refused });
            }
            _ => {}
        }
        let facts = &member.facts;
        let row = members::Model {
            tenant_id: tenant.to_vec(),
            account_id: account.to_vec(),
            name: invite.name,
            joined_at: signed(member.at),
            left_at: None,
            roster_seq: signed(facts.roster_seq),
            recovery_members: signed(facts.recovery_members),
            recoveries: signed(facts.recoveries),
            exports: 0,
        };
        let again = [
            members::Column::Name,
            members::Column::JoinedAt,
            members::Column::LeftAt,
            members::Column::RosterSeq,
            members::Column::RecoveryMembers,
            members::Column::Recoveries,
        ];
        let whole = OnConflict::columns([members::Column::TenantId, members::Column::AccountId])
            .update_columns(again)
            .to_owned();
        members::Entity::insert(row.into_active_model())
            .on_conflict(whole)
            .exec_without_returning(&transaction)
            .await
            .map_err(unavailable)?;
        devices::follow(&transaction, tenant, account, &facts.devices, member.at).await?;
        commit(transaction).await.map_err(other)?;
        Ok(Joined::Done)
    }

    async fn tenants_of(&self, account: AccountId) -> Result<Vec<TenantId>, StorageError> {
        let rows = members::Entity::find()
            .filter(members::Column::AccountId.eq(account.to_vec()))
            .filter(members::Column::LeftAt.is_null())
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.iter().map(|row| tenant_id(&row.tenant_id)).collect()
    }

    async fn members(
        &self,
        tenant: TenantId,
        after: Option<AccountId>,
        limit: u64,
    ) -> Result<Vec<Member>, StorageError> {
        let mut found = members::Entity::find().filter(members::Column::TenantId.eq(tenant.to_vec()));
        if let Some(after) = after {
            found = found.filter(members::Column::AccountId.gt(after.to_vec()));
        }
        let rows = found.order_by_asc(members::Column::AccountId).limit(limit).all(&self.reader).await;
        rows.map_err(unavailable)?.into_iter().map(Member::try_from).collect()
    }

    async fn member(&self, tenant: TenantId, account: AccountId) -> Result<Option<Member>, StorageError> {
        find(&self.reader, tenant, account).await?.map(Member::try_from).transpose()
    }

    async fn take_facts(
        &self,
        tenant: TenantId,
        account: AccountId,
        facts: Facts,
        at: u64,
    ) -> Result<Taken, StorageError> {
        // Most of the time nothing is new, and nobody need wait for the writer.
        let known = find(&self.reader, tenant, account).await?;
        if known.is_none_or(|known| known.left_at.is_some() || known.roster_seq >= signed(facts.roster_seq)) {
            return Ok(Taken::Passed);
        }
        let transaction = self.write().await.map_err(other)?;
        let moved = members::Entity::update_many()
            .col_expr(members::Column::RosterSeq, Expr::value(signed(facts.roster_seq)))
            .col_expr(members::Column::RecoveryMembers, Expr::value(signed(facts.recovery_members)))
            .col_expr(members::Column::Recoveries, Expr::value(signed(facts.recoveries)))
            .filter(members::Column::TenantId.eq(tenant.to_vec()))
            .filter(members::Column::AccountId.eq(account.to_vec()))
            .filter(members::Column::LeftAt.is_null())
            .filter(members::Column::RosterSeq.lt(signed(facts.roster_seq)))
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        if moved.rows_affected == 0 {
            return Ok(Taken::Passed);
        }
        devices::follow(&transaction, tenant, account, &facts.devices, at).await?;
        statuses::reports_are_over(&transaction, tenant, account).await?;
        commit(transaction).await.map_err(other)?;
        Ok(Taken::Done)
    }

    async fn leave(&self, tenant: TenantId, account: AccountId, at: u64) -> Result<(), StorageError> {
        let transaction = self.write().await.map_err(other)?;
        members::Entity::update_many()
            .col_expr(members::Column::LeftAt, Expr::value(signed(at)))
            .filter(members::Column::TenantId.eq(tenant.to_vec()))
            .filter(members::Column::AccountId.eq(account.to_vec()))
            .filter(members::Column::LeftAt.is_null())
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        devices::follow(&transaction, tenant, account, &[], at).await?;
        statuses::reports_are_over(&transaction, tenant, account).await?;
        commit(transaction).await.map_err(other)
    }

    async fn exported(
        &self,
        tenant: TenantId,
        account: AccountId,
        record: [u8; 32],
        at: u64,
        most: u64,
    ) -> Result<bool, StorageError> {
        let transaction = self.write().await.map_err(other)?;
        let member = locked(&transaction, tenant, account).await?;
        if member.is_none_or(|member| member.exports >= signed(most)) {
            return Ok(false);
        }
        let row = member_exports::Model {
            tenant_id: tenant.to_vec(),
            account_id: account.to_vec(),
            record_hash: record.to_vec(),
            exported_at: signed(at),
        };
        let inserted = member_exports::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&transaction)
            .await
            .map_err(unavailable)?;
        if !matches!(inserted, TryInsertResult::Inserted(1)) {
            return Ok(false);
        }
        members::Entity::update_many()
            .col_expr(members::Column::Exports, Expr::col(members::Column::Exports).add(1))
            .filter(members::Column::TenantId.eq(tenant.to_vec()))
            .filter(members::Column::AccountId.eq(account.to_vec()))
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        statuses::reports_are_over(&transaction, tenant, account).await?;
        commit(transaction).await.map_err(other)?;
        Ok(true)
    }

    async fn devices_of(&self, tenant: TenantId, account: AccountId) -> Result<Vec<Device>, StorageError> {
        let rows = member_devices::Entity::find()
            .filter(member_devices::Column::TenantId.eq(tenant.to_vec()))
            .filter(member_devices::Column::AccountId.eq(account.to_vec()))
            .order_by_asc(member_devices::Column::SeenAt)
            .order_by_asc(member_devices::Column::DeviceId)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(Device::try_from).collect()
    }

    async fn device(
        &self,
        tenant: TenantId,
        account: AccountId,
        device: MemberId,
    ) -> Result<Option<Device>, StorageError> {
        let key = (tenant.to_vec(), account.to_vec(), device.to_vec());
        let row = member_devices::Entity::find_by_id(key).one(&self.reader).await.map_err(unavailable)?;
        row.map(Device::try_from).transpose()
    }

    async fn accounts_of(&self, tenant: TenantId, device: MemberId) -> Result<Vec<AccountId>, StorageError> {
        let rows = member_devices::Entity::find()
            .filter(member_devices::Column::TenantId.eq(tenant.to_vec()))
            .filter(member_devices::Column::DeviceId.eq(device.to_vec()))
            .filter(member_devices::Column::RemovedAt.is_null())
            .order_by_asc(member_devices::Column::AccountId)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.iter().map(|row| account_id(&row.account_id)).collect()
    }

    async fn devices(
        &self,
        tenant: TenantId,
        after: Option<(AccountId, MemberId)>,
        limit: u64,
    ) -> Result<Vec<Device>, StorageError> {
        use member_devices::Column;
        let mut found = member_devices::Entity::find()
            .filter(Column::TenantId.eq(tenant.to_vec()))
            .filter(Column::RemovedAt.is_null())
            .cursor_by((Column::AccountId, Column::DeviceId));
        if let Some((account, device)) = after {
            found.after((account.to_vec(), device.to_vec()));
        }
        let rows = found.first(limit).all(&self.reader).await.map_err(unavailable)?;
        rows.into_iter().map(Device::try_from).collect()
    }
}

async fn find(
    database: &impl ConnectionTrait,
    tenant: TenantId,
    account: AccountId,
) -> Result<Option<members::Model>, StorageError> {
    let key = (tenant.to_vec(), account.to_vec());
    members::Entity::find_by_id(key).one(database).await.map_err(unavailable)
}

/// A member that has not left, of which nothing is reported and nothing that is reported changes until the transaction ends. Locked
/// before any of its devices.
pub(super) async fn locked(
    database: &impl ConnectionTrait,
    tenant: TenantId,
    account: AccountId,
) -> Result<Option<members::Model>, StorageError> {
    let key = (tenant.to_vec(), account.to_vec());
    let row = members::Entity::find_by_id(key).lock_exclusive().one(database).await.map_err(unavailable)?;
    Ok(row.filter(|row| row.left_at.is_none()))
}

impl TryFrom<members::Model> for Member {
    type Error = StorageError;

    fn try_from(row: members::Model) -> Result<Self, StorageError> {
        Ok(Self {
            account: account_id(&row.account_id)?,
            name: row.name,
            joined_at: unsigned(row.joined_at)?,
            left_at: row.left_at.map(unsigned).transpose()?,
            facts: Facts {
                roster_seq: unsigned(row.roster_seq)?,
                recovery_members: unsigned(row.recovery_members)?,
                recoveries: unsigned(row.recoveries)?,
                devices: Vec::new(),
            },
            exports: unsigned(row.exports)?,
        })
    }
}

impl TryFrom<member_invites::Model> for MemberInvite {
    type Error = StorageError;

    fn try_from(row: member_invites::Model) -> Result<Self, StorageError> {
        Ok(Self {
            tenant: tenant_id(&row.tenant_id)?,
            invite: NewMemberInvite {
                hash: InviteHash(hash(&row.invite_hash)?),
                name: row.name,
                created_at: unsigned(row.created_at)?,
                expires_at: unsigned(row.expires_at)?,
            },
            account: row.account_id.as_deref().map(account_id).transpose()?,
        })
    }
}
