use std::sync::Arc;

use keyfold_client::{
    MemberId,
    api::Api,
    device::DeviceKeys,
    storage::{Chains, Storage},
    sync::{SyncEngine, SyncError, SyncReport},
    vault::{Contents, LocalVault, VaultError},
};
use keyfold_tests::{
    memory::{Power, Powered},
    sdk::{DeviceClock, InProcess, Mishap, Time, Wire},
};

use crate::{disk::Disk, pocket::Pocket, step::Trouble, way::Way};

/// A device with the real SDK, on a disk and a wire that a program has in its hands.
pub(crate) struct Device {
    pub(crate) keys: Arc<DeviceKeys>,
    pub(crate) way: Way,
    pub(crate) wire: Arc<Wire>,
    pub(crate) clock: Arc<DeviceClock>,
    pub(crate) disk: Disk,
    pub(crate) pocket: Arc<Pocket>,
    power: Arc<Power>,
    /// As long as there is a profile.
    engine: Option<SyncEngine>,
    /// What it had accepted when it was looked at last.
    accepted: Option<Chains>,
}

/// What a device is made of.
pub(crate) struct Parts {
    pub(crate) disk: Disk,
    pub(crate) pocket: Pocket,
    pub(crate) keys: Arc<DeviceKeys>,
}

impl Device {
    /// A device as its disk has it. Its clock is off by some seconds, and its requests let others go first as its number says.
    pub(crate) async fn start(parts: Parts, server: InProcess, time: &Time, number: usize) -> Self {
        let Parts { disk, pocket, keys } = parts;
        let power = Arc::new(Power::default());
        let pace = (0..7).map(|request| (number * 5 + request * 3) % 4).collect();
        let way = Way::to(server, Arc::clone(&power), pace);
        let wire = Arc::new(Wire::new(way.clone()));
        let clock = Arc::new(DeviceClock::right(time.clone()));
        clock.set_off(i64::try_from(number * 7_919 % 40_000).unwrap() - 20_000);
        let pocket = Arc::new(pocket);
        let mut device = Self { keys, way, wire, clock, disk, pocket, power, engine: None, accepted: None };
        device.restart().await;
        device.accepted = Some(device.storage().chains().await.unwrap());
        device
    }

    pub(crate) fn id(&self) -> MemberId {
        self.keys.id()
    }

    /// What is on its disk, whatever power it has.
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        self.disk.storage()
    }

    pub(crate) const fn engine(&self) -> Option<&SyncEngine> {
        self.engine.as_ref()
    }

    /// What it shows; nothing, if it has no profile.
    pub(crate) async fn contents(&self) -> Contents {
        match &self.engine {
            Some(engine) => engine.vault().contents().await.unwrap(),
            None => Contents::default(),
        }
    }

    /// Syncs, as long as there is a profile.
    pub(crate) async fn sync(&self) -> Result<(), SyncError> {
        self.synced().await.map(drop)
    }

    /// The same, and what there was to say.
    pub(crate) async fn synced(&self) -> Result<SyncReport, SyncError> {
        match &self.engine {
            Some(engine) => Box::pin(engine.sync()).await,
            None => Err(VaultError::NoProfile.into()),
        }
    }

    /// Where sync was stopped its user has it look again.
    pub(crate) async fn resume(&self) {
        if let Some(engine) = &self.engine
            && self.storage().profile().await.unwrap().is_some_and(|profile| profile.stopped.is_some())
        {
            engine.resume().await.unwrap();
        }
    }

    /// Something will go wrong with what it does next.
    pub(crate) fn lay(&self, trouble: Trouble) {
        match trouble {
            Trouble::None => {}
            Trouble::PowerCut(cut) => self.power.cut_at(cut),
            Trouble::Lost { spared, what } => {
                (0..spared).for_each(|_| self.wire.lay("/", Mishap::Spared));
                self.wire.lay("/", what.mishap());
            }
        }
    }

    /// Nothing is wrong any more; it is started anew if its power was cut, and is without an engine if its profile is gone.
    /// Holds that what it once accepted it still does.
    pub(crate) async fn settle(&mut self) {
        self.wire.clear();
        if self.power.on() || self.storage().profile().await.unwrap().is_none() {
            self.restart().await;
        }
        self.goes_on().await;
    }

    /// Opens its profile as a program does that has just been started, and whose user is there.
    async fn restart(&mut self) {
        self.engine = None;
        self.disk.reopen().await;
        let storage: Arc<dyn Storage> = Arc::new(Powered::by(Arc::clone(&self.power), self.disk.storage()));
        let Ok(local) = LocalVault::open(storage, Arc::clone(&self.clock) as _).await else { return };
        // What its user's passphrase would do.
        self.storage().opened(self.clock.now()).await.unwrap();
        let vault = local.unlock_by_keyring(self.pocket.as_ref()).await.unwrap().unwrap();
        let api = Api::new(InProcess::URL.parse().unwrap(), Arc::clone(&self.wire) as _, Arc::clone(&self.clock) as _);
        self.engine = Some(SyncEngine::new(vault, api).with_keyring(Arc::clone(&self.pocket) as _));
    }

    /// No accepted history goes back: entries and commits that were there still are.
    async fn goes_on(&mut self) {
        if self.engine.is_none() {
            self.accepted = None;
            return;
        }
        let now = self.storage().chains().await.unwrap();
        if let Some(before) = &self.accepted {
            for (head, before) in [(&now.roster_head, &before.roster_head), (&now.vault_head, &before.vault_head)] {
                let seqs = [head, before].map(|head| head.as_ref().map(|head| head.seq));
                assert!(seqs[0] >= seqs[1], "an accepted head went back from {:?} to {:?}", seqs[1], seqs[0]);
            }
            assert!(now.entries.starts_with(&before.entries), "an accepted roster went back");
            if let Some(vault) = &before.vault {
                let seq = now.vault.as_ref().map_or(0, |vault| vault.seq);
                assert!(seq >= vault.seq, "an accepted vault went back from {} to {seq}", vault.seq);
                let head = self.storage().commit_head(vault.seq).await.unwrap();
                assert!(vault.seq == 0 || head == Some(vault.head), "an accepted commit is another now");
            }
        }
        self.accepted = Some(now);
    }
}
