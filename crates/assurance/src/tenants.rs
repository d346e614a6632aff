//! Tenants.

use std::sync::Arc;

use keyfold_evidence::issue::TokenKeyError;
use keyfold_wire::TenantId;

use crate::{
    Clock,
    keys::{self, KeyError},
    random::{self, NoRandomness},
    storage::{Storage, StorageError, Tenant},
    text::{self, NotAName},
};

/// Makes tenants, and finds them.
pub struct Tenants {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    public_url: String,
}

/// Why there is no new tenant.
#[derive(Debug, thiserror::Error)]
pub enum CreateTenantError {
    /// Its name is none.
    #[error("the tenant's name: {0}")]
    Name(#[from] NotAName),
    /// Its country is none.
    #[error("a country is written by two capital letters (ISO 3166), such as DE; ZZ is none")]
    Country,
    /// Its keys cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// It cannot be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why there is no such tenant.
#[derive(Debug, thiserror::Error)]
pub enum TenantUnavailable {
    /// It was never made here.
    #[error("there is no such tenant here")]
    Unknown,
    /// Its keys cannot be used.
    #[error(transparent)]
    Token(#[from] TokenKeyError),
    /// It could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Tenants {
    pub(crate) fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, public_url: String) -> Self {
        Self { storage, clock, public_url }
    }

    /// Makes a tenant with its keys. It issues nothing before a root has certified them.
    ///
    /// # Errors
    /// [`CreateTenantError`].
    pub async fn create(&self, name: &str, country: &str) -> Result<Tenant, CreateTenantError> {
        let name = text::name(name)?;
        if country.len() != 2 || !country.bytes().all(|letter| letter.is_ascii_uppercase()) {
            return Err(CreateTenantError::Country);
        }
        let created_at = self.clock.now().0;
        let tenant = Tenant {
            id: TenantId::new(random::bytes()?),
            name,
            country: country.to_owned(),
            created_at,
            root: None,
            revoked: None,
        };
        let keys = vec![keys::token(created_at)?, keys::issuer(created_at)?, keys::metadata(created_at)?];
        self.storage.create_tenant(tenant.clone(), keys).await?;
        Ok(tenant)
    }

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn list(&self) -> Result<Vec<Tenant>, StorageError> {
        self.storage.tenants().await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`TenantUnavailable`].
    pub async fn get(&self, tenant: TenantId) -> Result<Tenant, TenantUnavailable> {
        self.storage.tenant(tenant).await?.ok_or(TenantUnavailable::Unknown)
    }

    /// Its URL: the issuer of its tokens, below which everything of it lies.
    #[must_use]
    pub fn url(&self, tenant: TenantId) -> String {
        url(&self.public_url, tenant)
    }
}

pub(crate) fn url(public_url: &str, tenant: TenantId) -> String {
    format!("{public_url}/v1/tenants/{tenant}")
}
