//! What becomes of a recovery code.

use std::{sync::Arc, time::Duration};

use keyfold_client::{MemberId, RecoveryCode};
use keyfold_crypto::random;
use keyfold_tests::sdk::HOUR;

use crate::{code::Holder, device::Parts, pocket::Pocket, undone::Undone, world::World};

impl World {
    pub(crate) fn new_code(&mut self) -> Arc<RecoveryCode> {
        let code = Arc::new(RecoveryCode::generate(&mut random::system()));
        self.codes.push(Arc::clone(&code));
        code
    }

    /// Whoever holds the account's code on the honest server, if there is one.
    async fn holder(&self) -> Option<Holder> {
        let (api, clock) = self.stranger(&self.histories[0].server);
        for code in self.codes.iter().rev() {
            let clock = Arc::clone(&clock) as _;
            if let Some(holder) = Box::pin(Holder::of(code, self.account, &self.founding, &api, clock)).await {
                return Some(holder);
            }
        }
        None
    }

    pub(crate) async fn use_code(&mut self) {
        if let Some(holder) = self.holder().await
            && let Some(device) = holder.begins(&self.next_name()).await
        {
            self.awaited = Some(device);
        }
    }

    pub(crate) async fn let_in_by_code(&mut self) {
        let Some(device) = self.awaited.clone() else { return };
        let Some(holder) = self.holder().await else { return };
        let Some(due_at) = holder.due_at(&device).await else { return };
        self.wait(due_at.saturating_sub(self.time.now())).await;
        let (disk, storage) = self.disk().await;
        if let Some(key) = holder.lets_in(&device, storage.as_ref()).await {
            (self.awaited, self.code_was_used) = (None, true);
            let server = self.histories[0].server.clone();
            self.comes(Parts { disk, pocket: Pocket::with(&key), keys: device }, server).await;
        }
    }

    pub(crate) async fn cancel_code(&self, by: usize) -> Result<(), Undone> {
        let held = self.engine(by).vault().local().held().await.map_err(|error| Undone::Sync(error.into()))?;
        let Some(pending) = held.roster.pending_recovery() else { return Ok(()) };
        Box::pin(self.engine(by).cancel_recovery(pending.begin)).await.map_err(Undone::Recovery)
    }

    /// A device that came by the code and has yet to replace it.
    pub(crate) async fn owing(&self) -> Option<usize> {
        if !self.code_was_used {
            return None;
        }
        for (place, device) in self.devices.iter().enumerate() {
            let Some(engine) = device.engine() else { continue };
            let held = engine.vault().local().held().await.unwrap();
            if held.roster.must_replace_recovery(&device.id()).is_some() {
                return Some(place);
            }
        }
        None
    }

    pub(crate) async fn replace_code(&mut self, by: usize, gone: usize) -> Result<(), Undone> {
        let gone = self.devices.iter().enumerate().filter(|(place, _)| *place != by && gone >> (place % 4) & 1 == 1);
        let gone: Vec<MemberId> = gone.map(|(_, device)| device.id()).collect();
        let code = self.new_code();
        Box::pin(self.engine(by).replace_recovery(&code, DELAY, &gone)).await.map_err(Undone::Recovery)
    }
}

/// Until a device is let in by the code.
pub(crate) const DELAY: Duration = Duration::from_millis(HOUR);
