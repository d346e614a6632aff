use std::sync::Arc;

use keyfold_client::{
    AccountId, ItemId, SigningAlgorithm,
    api::Api,
    device::DeviceKeys,
    sync::{NewAccount, SyncEngine, create_account},
};
use keyfold_tests::sdk::{DeviceClock, InProcess, START, Time, any_passkey, passphrase};
use keyfold_wire::v1::Signed;

use crate::{
    device::Parts,
    disk::{Cabinet, Disk, Kind},
    enrol::let_in,
    newcomer::{Newcomer, url},
    pocket::Pocket,
    record::Record,
};

/// An account with two devices in step and two passkeys, founded once: each program begins with a copy.
pub(crate) struct Founded {
    pub(crate) account: AccountId,
    pub(crate) founding: [Signed; 2],
    pub(crate) kind: Kind,
    pub(crate) cabinet: Cabinet,
    /// Milliseconds since time began.
    pub(crate) age: u64,
    devices: Vec<(Disk, Pocket, Arc<DeviceKeys>)>,
    items: Vec<ItemId>,
}

impl Founded {
    pub(crate) async fn new(kind: Kind) -> Self {
        let (time, cabinet) = (Time::begin(), Cabinet::new(kind).await);
        let server = InProcess::start(cabinet.storage(), &time).await;
        let clock = Arc::new(DeviceClock::right(time.clone()));
        let api = Api::new(url(), Arc::new(server), clock);
        let (first, pocket) = (Disk::new(kind).await, Pocket::default());
        let new = NewAccount {
            name: "device 0".parse().unwrap(),
            algorithm: SigningAlgorithm::Ed25519,
            passphrase: passphrase(),
            invite: String::new(),
            ca: None,
        };
        let vault = Box::pin(create_account(first.storage(), &api, new)).await.unwrap();
        vault.enable_keyring(&pocket).await.unwrap();
        let keys = Arc::clone(vault.keys());
        let mut items = Vec::new();
        for site in ["mail.example", "bank.example"] {
            items.push(vault.add(&any_passkey(site, keys.id(), time.now()), []).await.unwrap());
        }
        let engine = SyncEngine::new(vault, api.clone());
        Box::pin(engine.sync()).await.unwrap();

        let newcomer = Newcomer::begin(api.clone(), &"device 1".parse().unwrap()).await;
        let (_, came) = let_in(&engine, newcomer).await;
        let (second, came) = (Disk::new(kind).await, came.unwrap());
        let key = came.lay_down(second.storage().as_ref()).await;
        let chains = first.storage().chains().await.unwrap();
        let founding = [chains.entries[0].clone(), chains.entries[1].clone()];
        Self {
            account: engine.vault().local().profile().account,
            founding,
            kind,
            cabinet,
            age: time.now() - START,
            devices: vec![(first, pocket, keys), (second, Pocket::with(&key), came.keys)],
            items,
        }
    }

    /// A copy of each.
    pub(crate) async fn devices(&self) -> Vec<Parts> {
        let mut copies = Vec::new();
        for (disk, pocket, keys) in &self.devices {
            copies.push(Parts { disk: disk.copy().await, pocket: pocket.copy(), keys: Arc::clone(keys) });
        }
        copies
    }

    pub(crate) fn record(&self) -> Record {
        let mut record = Record::default();
        self.items.iter().for_each(|item| record.made(0, *item));
        record.sent(0);
        record
    }
}
