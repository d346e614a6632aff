use std::sync::Arc;

use keyfold_client::{
    AccountId, RecoveryCode,
    api::Api,
    device::{DeviceKeys, DeviceName},
    storage::Storage,
};
use keyfold_tests::sdk::{DeviceClock, InProcess, Time};
use keyfold_wire::v1::Signed;

use crate::{
    device::{Device, Parts},
    disk::{Cabinet, Disk, Kind},
    founded::Founded,
    record::Record,
};

/// An account's devices and its server, and what happened to them.
pub(crate) struct World {
    pub(crate) kind: Kind,
    pub(crate) time: Time,
    pub(crate) account: AccountId,
    pub(crate) founding: [Signed; 2],
    /// What a server tells whom: the first is what an honest one tells everybody.
    pub(crate) histories: Vec<History>,
    /// What the first held after each step.
    pub(crate) past: Vec<Cabinet>,
    /// By number; who is removed stays.
    pub(crate) devices: Vec<Device>,
    /// Every code that there ever was.
    pub(crate) codes: Vec<Arc<RecoveryCode>>,
    /// The device that a code shall let in.
    pub(crate) awaited: Option<Arc<DeviceKeys>>,
    /// Whether a device ever came by a code.
    pub(crate) code_was_used: bool,
    pub(crate) record: Record,
    /// Whether the server has ever lied.
    pub(crate) has_lied: bool,
    /// Whether somebody has ever changed an answer: a sealed key may be gone with it.
    pub(crate) was_changed: bool,
}

/// A server and what it holds.
pub(crate) struct History {
    pub(crate) cabinet: Cabinet,
    pub(crate) server: InProcess,
}

impl History {
    pub(crate) async fn of(cabinet: Cabinet, time: &Time) -> Self {
        let server = InProcess::start(cabinet.storage(), time).await;
        Self { cabinet, server }
    }
}

impl World {
    /// An account of two devices with two passkeys, as it was founded, for this program alone.
    pub(crate) async fn begin(founded: &Founded) -> Self {
        let time = Time::begin();
        time.pass(founded.age);
        let history = History::of(founded.cabinet.copy().await, &time).await;
        let mut devices = Vec::new();
        for (number, parts) in founded.devices().await.into_iter().enumerate() {
            devices.push(Device::start(parts, history.server.clone(), &time, number).await);
        }
        Self {
            kind: founded.kind,
            time,
            account: founded.account,
            founding: founded.founding.clone(),
            past: vec![history.cabinet.copy().await],
            histories: vec![history],
            devices,
            codes: Vec::new(),
            awaited: None,
            code_was_used: false,
            record: founded.record(),
            has_lied: false,
            was_changed: false,
        }
    }

    /// The device that a number stands for, of those that have a profile.
    pub(crate) fn device(&self, number: usize) -> Option<usize> {
        let there: Vec<usize> =
            (0..self.devices.len()).filter(|place| self.devices[*place].engine().is_some()).collect();
        there.get(number % there.len().max(1)).copied()
    }

    /// What the first of all servers holds is remembered, to be told again.
    pub(crate) async fn remember(&mut self) {
        let now = self.histories[0].cabinet.copy().await;
        self.past.push(now);
    }

    /// A further device, on an empty disk, for which somebody does this with its API.
    pub(crate) fn stranger(&self, server: &InProcess) -> (Api, Arc<DeviceClock>) {
        let clock = Arc::new(DeviceClock::right(self.time.clone()));
        (Api::new(InProcess::URL.parse().unwrap(), Arc::new(server.clone()), Arc::clone(&clock) as _), clock)
    }

    pub(crate) fn next_name(&self) -> DeviceName {
        format!("device {}", self.devices.len()).parse().unwrap()
    }

    /// A device that was let in begins.
    pub(crate) async fn comes(&mut self, parts: Parts, server: InProcess) {
        let device = Device::start(parts, server, &self.time, self.devices.len()).await;
        self.devices.push(device);
    }

    pub(crate) async fn disk(&self) -> (Disk, Arc<dyn Storage>) {
        let disk = Disk::new(self.kind).await;
        let storage = disk.storage();
        (disk, storage)
    }
}
