use async_trait::async_trait;
use keyfold_assurance::storage::{Domain, RelyingParty, RelyingPartyStorage, StorageError};
use keyfold_wire::{ClientId, TenantId};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, TryInsertResult,
    sea_query::{Expr, OnConflict},
};

use super::row::{client_id, hash, other, unavailable, unsigned};
use crate::{
    Database,
    entity::{relying_parties, rp_domains},
    transaction::commit,
    value::signed,
};

#[async_trait]
impl RelyingPartyStorage for Database {
    async fn add_relying_party(&self, tenant: TenantId, party: RelyingParty) -> Result<(), StorageError> {
        let row = relying_parties::Model {
            tenant_id: tenant.to_vec(),
            client_id: party.client.to_vec(),
            name: party.name,
            keys: party.keys,
            scopes: i16::try_from(party.scopes).map_err(|_| StorageError::Damaged("there are no such scopes"))?,
            created_at: signed(party.created_at),
        };
        relying_parties::Entity::insert(row.into_active_model())
            .exec_without_returning(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    async fn relying_parties(&self, tenant: TenantId) -> Result<Vec<RelyingParty>, StorageError> {
        let rows = relying_parties::Entity::find()
            .filter(relying_parties::Column::TenantId.eq(tenant.to_vec()))
            .order_by_asc(relying_parties::Column::CreatedAt)
            .order_by_asc(relying_parties::Column::ClientId)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(RelyingParty::try_from).collect()
    }

    async fn relying_party(&self, tenant: TenantId, client: ClientId) -> Result<Option<RelyingParty>, StorageError> {
        let key = (tenant.to_vec(), client.to_vec());
        let row = relying_parties::Entity::find_by_id(key).one(&self.reader).await.map_err(unavailable)?;
        row.map(RelyingParty::try_from).transpose()
    }

    async fn set_relying_party_keys(
        &self,
        tenant: TenantId,
        client: ClientId,
        keys: &str,
    ) -> Result<bool, StorageError> {
        let updated = relying_parties::Entity::update_many()
            .col_expr(relying_parties::Column::Keys, Expr::value(keys))
            .filter(relying_parties::Column::TenantId.eq(tenant.to_vec()))
            .filter(relying_parties::Column::ClientId.eq(client.to_vec()))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(updated.rows_affected == 1)
    }

    async fn remove_relying_party(&self, tenant: TenantId, client: ClientId) -> Result<bool, StorageError> {
        let transaction = self.write().await.map_err(other)?;
        let key = (tenant.to_vec(), client.to_vec());
        let gone = relying_parties::Entity::delete_by_id(key).exec(&transaction).await.map_err(unavailable)?;
        rp_domains::Entity::delete_many()
            .filter(rp_domains::Column::TenantId.eq(tenant.to_vec()))
            .filter(rp_domains::Column::ClientId.eq(client.to_vec()))
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        commit(transaction).await.map_err(other)?;
        Ok(gone.rows_affected == 1)
    }

    async fn add_domain(&self, tenant: TenantId, domain: Domain) -> Result<bool, StorageError> {
        let row = rp_domains::Model {
            tenant_id: tenant.to_vec(),
            client_id: domain.client.to_vec(),
            rp_id: domain.rp_id,
            token: domain.token.to_vec(),
            added_at: signed(domain.added_at),
            proved_at: domain.proved_at.map(signed),
        };
        let inserted = rp_domains::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(matches!(inserted, TryInsertResult::Inserted(1)))
    }

    async fn domains(&self, tenant: TenantId) -> Result<Vec<Domain>, StorageError> {
        let rows = rp_domains::Entity::find()
            .filter(rp_domains::Column::TenantId.eq(tenant.to_vec()))
            .order_by_asc(rp_domains::Column::RpId)
            .order_by_asc(rp_domains::Column::ClientId)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(Domain::try_from).collect()
    }

    async fn domain(&self, tenant: TenantId, client: ClientId, rp_id: &str) -> Result<Option<Domain>, StorageError> {
        let key = (tenant.to_vec(), client.to_vec(), rp_id.to_owned());
        let row = rp_domains::Entity::find_by_id(key).one(&self.reader).await.map_err(unavailable)?;
        row.map(Domain::try_from).transpose()
    }

    async fn set_domain_proved(
        &self,
        tenant: TenantId,
        client: ClientId,
        rp_id: &str,
        at: Option<u64>,
    ) -> Result<(), StorageError> {
        rp_domains::Entity::update_many()
            .col_expr(rp_domains::Column::ProvedAt, Expr::value(at.map(signed)))
            .filter(rp_domains::Column::TenantId.eq(tenant.to_vec()))
            .filter(rp_domains::Column::ClientId.eq(client.to_vec()))
            .filter(rp_domains::Column::RpId.eq(rp_id))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    async fn remove_domain(&self, tenant: TenantId, client: ClientId, rp_id: &str) -> Result<bool, StorageError> {
        let key = (tenant.to_vec(), client.to_vec(), rp_id.to_owned());
        let gone = rp_domains::Entity::delete_by_id(key).exec(&self.writer).await.map_err(unavailable)?;
        Ok(gone.rows_affected == 1)
    }
}

impl TryFrom<relying_parties::Model> for RelyingParty {
    type Error = StorageError;

    fn try_from(row: relying_parties::Model) -> Result<Self, StorageError> {
        Ok(Self {
            client: client_id(&row.client_id)?,
            name: row.name,
            keys: row.keys,
            scopes: u16::try_from(row.scopes).map_err(|_| StorageError::Damaged("there are no such scopes"))?,
            created_at: unsigned(row.created_at)?,
        })
    }
}

impl TryFrom<rp_domains::Model> for Domain {
    type Error = StorageError;

    fn try_from(row: rp_domains::Model) -> Result<Self, StorageError> {
        Ok(Self {
            client: client_id(&row.client_id)?,
            rp_id: row.rp_id,
            token: hash(&row.token)?,
            added_at: unsigned(row.added_at)?,
            proved_at: row.proved_at.map(unsigned).transpose()?,
        })
    }
}
