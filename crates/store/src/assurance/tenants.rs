use async_trait::async_trait;
use keyfold_assurance::storage::{KeyKind, StorageError, Tenant, TenantKey, TenantStorage};
use keyfold_wire::TenantId;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, sea_query::Expr};
use zeroize::Zeroizing;

use super::row::{other, tenant_id, unavailable, unsigned};
use crate::{
    Database,
    entity::{tenant_keys, tenants},
    transaction::commit,
    value::signed,
};

#[async_trait]
impl TenantStorage for Database {
    async fn create_tenant(&self, tenant: Tenant, keys: Vec<TenantKey>) -> Result<(), StorageError> {
        let transaction = self.write().await.map_err(other)?;
        let id = tenant.id;
        let row = tenants::Model {
            tenant_id: id.to_vec(),
            name: tenant.name,
            country: tenant.country,
            created_at: signed(tenant.created_at),
            root: tenant.root,
            revoked: tenant.revoked,
            policy_changes: 0,
        };
        tenants::Entity::insert(row.into_active_model())
            .exec_without_returning(&transaction)
            .await
            .map_err(unavailable)?;
        for key in keys {
            insert(&transaction, id, key).await?;
        }
        commit(transaction).await.map_err(other)
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StorageError> {
        let rows = tenants::Entity::find()
            .order_by_asc(tenants::Column::CreatedAt)
            .order_by_asc(tenants::Column::TenantId)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(Tenant::try_from).collect()
    }

    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StorageError> {
        let row = tenants::Entity::find_by_id(tenant.to_vec()).one(&self.reader).await.map_err(unavailable)?;
        row.map(Tenant::try_from).transpose()
    }

    async fn tenant_keys(&self, tenant: TenantId) -> Result<Vec<TenantKey>, StorageError> {
        let rows = tenant_keys::Entity::find()
            .filter(tenant_keys::Column::TenantId.eq(tenant.to_vec()))
            .order_by_desc(tenant_keys::Column::CreatedAt)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(TenantKey::try_from).collect()
    }

    async fn add_tenant_key(&self, tenant: TenantId, key: TenantKey) -> Result<(), StorageError> {
        insert(&self.writer, tenant, key).await
    }

    async fn install_authority(
        &self,
        tenant: TenantId,
        root: &[u8],
        issuer: (&str, &[u8]),
        metadata: (&str, &[Vec<u8>]),
    ) -> Result<(), StorageError> {
        let transaction = self.write().await.map_err(other)?;
        let before = tenants::Entity::find_by_id(tenant.to_vec()).one(&transaction).await.map_err(unavailable)?;
        let is_other = before.and_then(|before| before.root).is_some_and(|before| before != root);
        tenants::Entity::update_many()
            .col_expr(tenants::Column::Root, Expr::value(root.to_vec()))
            .filter(tenants::Column::TenantId.eq(tenant.to_vec()))
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        if is_other {
            // What the root before it has said is of no use under this one.
            tenants::Entity::update_many()
                .col_expr(tenants::Column::Revoked, Expr::value(Option::<Vec<u8>>::None))
                .filter(tenants::Column::TenantId.eq(tenant.to_vec()))
                .exec(&transaction)
                .await
                .map_err(unavailable)?;
            certify_all(&transaction, tenant, KeyKind::Issuer, &[]).await?;
        }
        let key = (tenant.to_vec(), issuer.0.to_owned());
        let row = tenant_keys::Entity::find_by_id(key).one(&transaction).await.map_err(unavailable)?;
        let row = row.ok_or(StorageError::Damaged("a tenant's key is gone"))?;
        let mut certificates = unpacked(&row.certificates)?;
        if !certificates.iter().any(|known| known == issuer.1) {
            certificates.push(issuer.1.to_vec());
        }
        certify(&transaction, tenant, issuer.0, &certificates).await?;
        certify(&transaction, tenant, metadata.0, metadata.1).await?;
        commit(transaction).await.map_err(other)
    }

    async fn install_revoked(&self, tenant: TenantId, revoked: &[u8]) -> Result<(), StorageError> {
        tenants::Entity::update_many()
            .col_expr(tenants::Column::Revoked, Expr::value(revoked.to_vec()))
            .filter(tenants::Column::TenantId.eq(tenant.to_vec()))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    async fn remove_tenant_key(&self, tenant: TenantId, kid: &str) -> Result<(), StorageError> {
        let key = (tenant.to_vec(), kid.to_owned());
        tenant_keys::Entity::delete_by_id(key).exec(&self.writer).await.map_err(unavailable)?;
        Ok(())
    }
}

async fn insert(database: &impl ConnectionTrait, tenant: TenantId, key: TenantKey) -> Result<(), StorageError> {
    let row = tenant_keys::Model {
        tenant_id: tenant.to_vec(),
        kid: key.kid,
        kind: number(key.kind),
        created_at: signed(key.created_at),
        secret: key.secret.to_vec(),
        certificates: packed(&key.certificates),
    };
    tenant_keys::Entity::insert(row.into_active_model()).exec_without_returning(database).await.map_err(unavailable)?;
    Ok(())
}

async fn certify(
    database: &impl ConnectionTrait,
    tenant: TenantId,
    kid: &str,
    certificates: &[Vec<u8>],
) -> Result<(), StorageError> {
    tenant_keys::Entity::update_many()
        .col_expr(tenant_keys::Column::Certificates, Expr::value(packed(certificates)))
        .filter(tenant_keys::Column::TenantId.eq(tenant.to_vec()))
        .filter(tenant_keys::Column::Kid.eq(kid))
        .exec(database)
        .await
        .map_err(unavailable)?;
    Ok(())
}

async fn certify_all(
    database: &impl ConnectionTrait,
    tenant: TenantId,
    kind: KeyKind,
    certificates: &[Vec<u8>],
) -> Result<(), StorageError> {
    tenant_keys::Entity::update_many()
        .col_expr(tenant_keys::Column::Certificates, Expr::value(packed(certificates)))
        .filter(tenant_keys::Column::TenantId.eq(tenant.to_vec()))
        .filter(tenant_keys::Column::Kind.eq(number(kind)))
        .exec(database)
        .await
        .map_err(unavailable)?;
    Ok(())
}

fn packed(certificates: &[Vec<u8>]) -> Vec<u8> {
    let mut packed = Vec::new();
    for certificate in certificates {
        packed.extend(u32::try_from(certificate.len()).unwrap_or(u32::MAX).to_be_bytes());
        packed.extend(certificate);
    }
    packed
}

fn unpacked(mut packed: &[u8]) -> Result<Vec<Vec<u8>>, StorageError> {
    let damaged = StorageError::Damaged("a key's certificates cannot be read");
    let mut certificates = Vec::new();
    while !packed.is_empty() {
        let next = packed
            .split_first_chunk::<4>()
            .and_then(|(length, rest)| rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?));
        let Some((certificate, rest)) = next else { return Err(damaged) };
        certificates.push(certificate.to_vec());
        packed = rest;
    }
    Ok(certificates)
}

const fn number(kind: KeyKind) -> i16 {
    match kind {
        KeyKind::Token => 1,
        KeyKind::Issuer => 2,
        KeyKind::Metadata => 3,
    }
}

impl TryFrom<tenants::Model> for Tenant {
    type Error = StorageError;

    fn try_from(row: tenants::Model) -> Result<Self, StorageError> {
        Ok(Self {
            id: tenant_id(&row.tenant_id)?,
            name: row.name,
            country: row.country,
            created_at: unsigned(row.created_at)?,
            root: row.root,
            revoked: row.revoked,
        })
    }
}

impl TryFrom<tenant_keys::Model> for TenantKey {
    type Error = StorageError;

    fn try_from(row: tenant_keys::Model) -> Result<Self, StorageError> {
        let secret = Zeroizing::new(row.secret);
        let kinds = [KeyKind::Token, KeyKind::Issuer, KeyKind::Metadata];
        let kind = kinds.into_iter().find(|kind| number(*kind) == row.kind);
        Ok(Self {
            kid: row.kid,
            kind: kind.ok_or(StorageError::Damaged("a tenant's key is of a kind that there is not"))?,
            created_at: unsigned(row.created_at)?,
            secret,
            certificates: unpacked(&row.certificates)?,
        })
    }
}
