use std::sync::Arc;

use keyfold_wire::{ClientId, TenantId};

use super::{ClientKeysError, DomainFiles, Scopes, keys};
use crate::{
    Clock,
    random::{self, NoRandomness},
    storage::{RelyingParty, Storage, StorageError},
    text::{self, NotAName},
};

/// The registry of those that a tenant lets ask.
pub struct RelyingParties {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) files: Arc<dyn DomainFiles>,
    pub(super) public_url: String,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its `client_id`.
    pub client: ClientId,
    /// What people call it.
    pub name: String,
    /// What it may ask.
    pub scopes: Scopes,
    /// Unix milliseconds.
    pub created_at: u64,
}

/// Why the registry is not changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no such tenant.
    #[error("there is no such tenant here")]
    NoTenant,
    /// There is no such client.
    #[error("the tenant has no such client")]
    NoClient,
    /// Its name is none.
    #[error("the client's name: {0}")]
    Name(#[from] NotAName),
    /// Its keys cannot be used.
    #[error(transparent)]
    Keys(#[from] ClientKeysError),
    /// The tenant has as many as it may have.
    #[error("a tenant has at most {MOST} clients")]
    Full,
    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// It cannot be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RelyingParties {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        files: Arc<dyn DomainFiles>,
        public_url: String,
    ) -> Self {
        Self { storage, clock, files, public_url }
    }

    /// Registers one, with its public keys (a JWK set).
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn add(
        &self,
        tenant: TenantId,
        name: &str,
        keys: &str,
        scopes: Scopes,
    ) -> Result<Registered, RegistryError> {
        self.storage.tenant(tenant).await?.ok_or(RegistryError::NoTenant)?;
        let name = text::name(name)?;
        keys::read(keys)?;
        if self.storage.relying_parties(tenant).await?.len() >= MOST {
            return Err(RegistryError::Full);
        }
        let party = RelyingParty {
            client: ClientId::new(random::bytes()?),
            name,
            keys: keys.to_owned(),
            scopes: scopes.number(),
            created_at: self.clock.now().0,
        };
        let registered = Registered::from(&party);
        self.storage.add_relying_party(tenant, party).await?;
        Ok(registered)
    }

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn list(&self, tenant: TenantId) -> Result<Vec<Registered>, StorageError> {
        Ok(self.storage.relying_parties(tenant).await?.iter().map(Registered::from).collect())
    }

    /// Gives one other keys. With the old and the new ones in a set first, and the new ones alone later, it is never without.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn set_keys(&self, tenant: TenantId, client: ClientId, keys: &str) -> Result<(), RegistryError> {
        keys::read(keys)?;
        let is_there = self.storage.set_relying_party_keys(tenant, client, keys).await?;
        if is_there { Ok(()) } else { Err(RegistryError::NoClient) }
    }

    /// Forgets one: what it was given counts as long as it says, and it is given no more.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn remove(&self, tenant: TenantId, client: ClientId) -> Result<(), RegistryError> {
        let was_there = self.storage.remove_relying_party(tenant, client).await?;
        if was_there { Ok(()) } else { Err(RegistryError::NoClient) }
    }
}

impl From<&RelyingParty> for Registered {
    fn from(party: &RelyingParty) -> Self {
        Self {
            client: party.client,
            name: party.name.clone(),
            scopes: Scopes::from_number(party.scopes),
            created_at: party.created_at,
        }
    }
}

const MOST: usize = 1_000;
