//! The informed half, wired to the database, to the blind half's rosters and to what domains say.

use std::sync::Arc;

use async_trait::async_trait;
use keyfold_assurance::{
    Ports, Services,
    members::{Roster, Rosters},
    storage::{Facts, StorageError},
};
use keyfold_store::Database;
use keyfold_vault::{RosterFacts, storage::StorageError as VaultStorageError};
use keyfold_wire::AccountId;

use super::ServeError;
use crate::{config::Settings, domains::HttpsFiles};

pub(super) fn services(
    database: &Database,
    vault: Arc<keyfold_vault::Services>,
    clock: Arc<dyn keyfold_vault::Clock>,
    settings: &Settings,
    public_url: String,
) -> Result<Services, ServeError> {
    let ports = Ports {
        storage: Arc::new(database.clone()),
        clock: Arc::new(SameClock(clock)),
        rosters: Arc::new(VaultRosters(vault)),
        files: Arc::new(HttpsFiles::new(&settings.domains)?),
        public_url,
    };
    Ok(Services::new(ports))
}

/// Both halves go by one clock.
struct SameClock(Arc<dyn keyfold_vault::Clock>);

impl keyfold_assurance::Clock for SameClock {
    fn now(&self) -> keyfold_assurance::evidence::UnixMillis {
        keyfold_assurance::evidence::UnixMillis(self.0.now())
    }
}

/// What the blind half tells of rosters.
struct VaultRosters(Arc<keyfold_vault::Services>);

#[async_trait]
impl Rosters for VaultRosters {
    async fn roster(&self, account: AccountId) -> Result<Option<Roster>, StorageError> {
        let told = self.0.informing.facts(account).await.map_err(|error| match error {
            VaultStorageError::Unavailable(error) => StorageError::Unavailable(error),
            VaultStorageError::Damaged(what) => StorageError::Damaged(what),
        })?;
        Ok(told.map(|RosterFacts { seq, tenants, devices, recovery_members, recoveries }| Roster {
            tenants,
            facts: Facts { roster_seq: seq, recovery_members, recoveries, devices },
        }))
    }
}
