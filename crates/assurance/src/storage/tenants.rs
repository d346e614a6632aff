use std::fmt;

use async_trait::async_trait;
use keyfold_wire::TenantId;
use zeroize::Zeroizing;

use super::StorageError;

/// An organisation, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Drawn at random.
    pub id: TenantId,
    /// What people and certificates call it.
    pub name: String,
    /// ISO 3166's two letters.
    pub country: String,
    /// Unix milliseconds.
    pub created_at: u64,
    /// The certificate (DER) of the root of its authority, once that is installed.
    pub root: Option<Vec<u8>>,
    /// The root's list (DER) of issuers that it takes back.
    pub revoked: Option<Vec<u8>>,
}

/// What a tenant's key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Reports, status lists, access tokens: P-256.
    Token,
    /// Leaves: P-256. It issues once the root has certified it.
    Issuer,
    /// The metadata BLOB: RSA, certified by a root of its own.
    Metadata,
}

/// A tenant's key.
#[derive(Clone)]
pub struct TenantKey {
    /// Its name: of a token key the thumbprint (RFC 7638), of the others as many letters drawn at random.
    pub kid: String,
    /// What it is for.
    pub kind: KeyKind,
    /// Unix milliseconds.
    pub created_at: u64,
    /// PKCS #8, DER.
    pub secret: Zeroizing<Vec<u8>>,
    /// Certificates (DER), that of the key first, that of its root last where it has one of its own.
    pub certificates: Vec<Vec<u8>>,
}

impl fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantKey({:?}, {})", self.kind, self.kid)
    }
}

/// Tenants and their keys.
#[async_trait]
pub trait TenantStorage: Send + Sync {
    /// Writes a new tenant with its first keys.
    async fn create_tenant(&self, tenant: Tenant, keys: Vec<TenantKey>) -> Result<(), StorageError>;

    /// All of them, the oldest first.
    async fn tenants(&self) -> Result<Vec<Tenant>, StorageError>;

    /// One of them.
    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StorageError>;

    /// Its keys, the newest first.
    async fn tenant_keys(&self, tenant: TenantId) -> Result<Vec<TenantKey>, StorageError>;

    /// One more key.
    async fn add_tenant_key(&self, tenant: TenantId, key: TenantKey) -> Result<(), StorageError>;

    /// The root; the certificate of the issuer's key with this name, beside others that it has; and of the metadata's, the path that
    /// takes the place of the one that it has.
    async fn install_authority(
        &self,
        tenant: TenantId,
        root: &[u8],
        issuer: (&str, &[u8]),
        metadata: (&str, &[Vec<u8>]),
    ) -> Result<(), StorageError>;

    /// The root's list of those that it takes back.
    async fn install_revoked(&self, tenant: TenantId, revoked: &[u8]) -> Result<(), StorageError>;

    /// Forgets a key.
    async fn remove_tenant_key(&self, tenant: TenantId, kid: &str) -> Result<(), StorageError>;
}
