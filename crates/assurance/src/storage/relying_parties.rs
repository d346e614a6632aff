use async_trait::async_trait;
use keyfold_wire::{ClientId, TenantId};

use super::StorageError;

/// A relying party, or another program that asks, as its tenant has it on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// Drawn at random.
    pub client: ClientId,
    /// What people call it.
    pub name: String,
    /// Its public keys: a JWK set, JSON.
    pub keys: String,
    /// What it may ask, as [`Scopes`](crate::relying_parties::Scopes) are counted.
    pub scopes: u16,
    /// Unix milliseconds.
    pub created_at: u64,
}

/// An RP id that a tenant lists for a relying party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Whose.
    pub client: ClientId,
    /// A domain name in lower case.
    pub rp_id: String,
    /// What its well-known file must hold, 32 bytes.
    pub token: [u8; 32],
    /// Unix milliseconds.
    pub added_at: u64,
    /// When it was found there, Unix milliseconds; `None` as long as it was not.
    pub proved_at: Option<u64>,
}

/// Relying parties and their RP ids.
#[async_trait]
pub trait RelyingPartyStorage: Send + Sync {
    /// Writes a new one.
    async fn add_relying_party(&self, tenant: TenantId, party: RelyingParty) -> Result<(), StorageError>;

    /// All of them, the oldest first.
    async fn relying_parties(&self, tenant: TenantId) -> Result<Vec<RelyingParty>, StorageError>;

    /// One of them.
    async fn relying_party(&self, tenant: TenantId, client: ClientId) -> Result<Option<RelyingParty>, StorageError>;

    /// Gives it other keys; whether it is there.
    async fn set_relying_party_keys(
        &self,
        tenant: TenantId,
        client: ClientId,
        keys: &str,
    ) -> Result<bool, StorageError>;

    /// Forgets it with its RP ids; whether it was there.
    async fn remove_relying_party(&self, tenant: TenantId, client: ClientId) -> Result<bool, StorageError>;

    /// Lists one more RP id, unless it is listed for this relying party already; whether it was added.
    async fn add_domain(&self, tenant: TenantId, domain: Domain) -> Result<bool, StorageError>;

    /// The RP ids that the tenant lists.
    async fn domains(&self, tenant: TenantId) -> Result<Vec<Domain>, StorageError>;

    /// One of a relying party's.
    async fn domain(&self, tenant: TenantId, client: ClientId, rp_id: &str) -> Result<Option<Domain>, StorageError>;

    /// It is proved, or no longer.
    async fn set_domain_proved(
        &self,
        tenant: TenantId,
        client: ClientId,
        rp_id: &str,
        at: Option<u64>,
    ) -> Result<(), StorageError>;

    /// Lists it no more; whether it was listed.
    async fn remove_domain(&self, tenant: TenantId, client: ClientId, rp_id: &str) -> Result<bool, StorageError>;
}
