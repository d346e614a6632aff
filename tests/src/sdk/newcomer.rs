use std::sync::Arc;

use keyfold_client::{
    SigningAlgorithm,
    api::Api,
    device::Passphrase,
    enrolment::{EnrolmentPath, NewDevice, Offered},
    storage::{SqliteStorage, Storage},
    sync::{CreateError, NewAccount, SyncEngine, create_account},
    vault::UnlockedVault,
};

use super::{DeviceClock, Hosted, Member, Wire};

/// A device with an empty profile.
pub struct Newcomer {
    pub name: String,
    pub wire: Arc<Wire>,
    pub clock: Arc<DeviceClock>,
    pub storage: Arc<dyn Storage>,
    pub api: Api,
    ca: Vec<u8>,
}

impl Newcomer {
    pub async fn new(server: &Hosted, name: &str) -> Self {
        let wire = Arc::new(Wire::new(server.transport()));
        let clock = Arc::new(DeviceClock::right(server.time.clone()));
        let storage = Arc::new(SqliteStorage::in_memory().await.unwrap());
        let api = Api::new(server.url(), wire.clone(), clock.clone());
        Self { name: name.to_owned(), wire, clock, storage, api, ca: server.ca() }
    }

    /// Founds an account, or goes on where an attempt before lost its answer.
    pub async fn found(&self) -> Result<UnlockedVault, CreateError> {
        let new = NewAccount {
            name: self.name.parse().unwrap(),
            algorithm: SigningAlgorithm::Ed25519,
            passphrase: passphrase(),
            invite: String::new(),
            ca: Some(self.ca.clone()),
        };
        create_account(Arc::clone(&self.storage), &self.api, new).await
    }

    /// Asks to be let into an account by its QR code.
    pub async fn offer(&self, ca_fingerprint: Option<[u8; 32]>) -> Offered {
        let device = NewDevice {
            name: self.name.parse().unwrap(),
            algorithm: SigningAlgorithm::Ed25519,
            passphrase: passphrase(),
            ca: Some(self.ca.clone()),
        };
        let path = EnrolmentPath::QrCode { ca_fingerprint };
        device.begin(Arc::clone(&self.storage), self.api.clone(), path).await.unwrap()
    }

    pub(super) fn member(self, vault: UnlockedVault) -> Member {
        let Self { wire, clock, api, .. } = self;
        Member { engine: SyncEngine::new(vault, api), wire, clock }
    }
}

pub fn passphrase() -> Passphrase {
    Passphrase::typed("correct horse battery staple".to_owned().into())
}
