//! What holds at the end of every program.

use std::collections::{BTreeMap, BTreeSet};

use keyfold_client::{ItemId, item::Fields, sync::SyncError};
use keyfold_ledger::Commit;
use keyfold_tests::sdk::HOUR;

use crate::world::World;

impl World {
    /// Everything is mended, and every device syncs until nothing is left to say.
    pub(crate) async fn ends(mut self) {
        self.repent();
        self.devices.iter().for_each(|device| device.way.part(false));
        self.wait(7 * HOUR).await;
        if self.has_lied {
            self.those_who_go_on_agree().await;
        } else {
            self.converges().await;
        }
        self.nobody_learns_what_came_after().await;
    }

    /// Whether the honest server has the device in the account.
    pub(crate) async fn is_member(&self, by: usize) -> bool {
        let roster = self.roster(0).await;
        roster.device(&self.devices[by].id()).is_some()
    }

    async fn converges(&mut self) {
        if self.was_changed {
            self.have_keys().await;
        }
        self.sync_until_quiet().await;
        // Before it has replaced the code nobody takes what a device writes that came by it.
        if let Some(owing) = self.owing().await
            && self.is_member(owing).await
        {
            self.replace_code(owing, 0).await.unwrap();
            self.settle(owing).await;
            self.sync_until_quiet().await;
        }
        let members = self.members().await;
        assert!(!members.is_empty(), "an account without a device");
        let mut held = Vec::new();
        for by in &members {
            held.push(self.shows(*by).await);
        }
        assert!(held.windows(2).all(|pair| pair[0] == pair[1]), "devices hold different passkeys: {held:#?}");
        self.record.comes_to(&held[0], &members, self.time.now());
    }

    /// An answer was changed, with a key in it perhaps: whoever has the current one begins an epoch, and all have one again.
    async fn have_keys(&mut self) {
        for by in self.members().await {
            self.devices[by].resume().await;
            drop(self.devices[by].sync().await);
            let Some(engine) = self.devices[by].engine() else { continue };
            let rotated = Box::pin(engine.rotate()).await;
            self.settle(by).await;
            if rotated.is_ok() {
                return;
            }
        }
    }

    async fn members(&self) -> BTreeSet<usize> {
        let roster = self.roster(0).await;
        (0..self.devices.len()).filter(|by| roster.device(&self.devices[*by].id()).is_some()).collect()
    }

    /// The devices sync in turn until nobody has anything to say. An entry whose answer was lost may come now, and remove
    /// somebody.
    async fn sync_until_quiet(&mut self) {
        let mut quiet = 0;
        for turn in 0..ROUNDS * self.devices.len() {
            let by = turn % self.devices.len();
            self.devices[by].resume().await;
            let synced = self.devices[by].synced().await;
            self.settle(by).await;
            quiet = match synced {
                Ok(report) if !report.is_empty() => 0,
                Ok(_) => quiet + 1,
                Err(_) if !self.is_member(by).await => quiet + 1,
                failed => panic!("device {by} is a member and does not sync: {failed:?}"),
            };
            // The last that wrote has nothing more to say, and all others have heard it.
            if quiet == self.devices.len() {
                return;
            }
        }
        panic!("they write for ever");
    }

    /// All that a device shows, of which all must be good.
    async fn shows(&self, by: usize) -> BTreeMap<ItemId, Fields> {
        let contents = self.devices[by].contents().await;
        assert!(contents.unreadable.is_empty(), "device {by} cannot read {:?}", contents.unreadable);
        let items = contents.items.into_iter().map(|item| {
            assert!(item.fault.is_none(), "{} on device {by}: {:?}", item.id, item.fault);
            (item.id, item.item.fields)
        });
        items.collect()
    }

    /// The server has lied. Whoever goes on with what it says now holds just that; the others have stopped.
    async fn those_who_go_on_agree(&mut self) {
        let mut go_on = BTreeSet::new();
        for by in (0..self.devices.len()).chain(0..self.devices.len()) {
            self.devices[by].resume().await;
            let synced = self.devices[by].sync().await;
            self.settle(by).await;
            match synced {
                Ok(()) => go_on.insert(by),
                Err(error) => {
                    assert!(is_refusal(&error), "device {by}: {error:?}");
                    go_on.remove(&by)
                }
            };
        }
        for by in go_on {
            self.holds_what_the_server_does(by).await;
        }
    }

    /// The device's history is the server's, as far as it goes.
    async fn holds_what_the_server_does(&self, by: usize) {
        let chains = self.devices[by].storage().chains().await.unwrap();
        let entries = self.signed_entries(0).await;
        assert!(entries.starts_with(&chains.entries), "device {by} goes on with another roster than the server's");
        let Some(vault) = chains.vault.filter(|vault| vault.seq > 0) else { return };
        let commit = self.histories[0].cabinet.storage().commit(self.account, vault.seq).await.unwrap();
        let commit = commit.map(|row| Commit::parse(&row.commit).unwrap().hash());
        assert_eq!(commit, Some(vault.head), "device {by} goes on with another vault than the server's");
    }
}

/// Whether this says what is wrong with the server, or that the device is no member.
fn is_refusal(error: &SyncError) -> bool {
    matches!(
        error,
        SyncError::Stopped(_) | SyncError::Behind(_) | SyncError::Vault(_) | SyncError::NoEpochKey | SyncError::Api(_)
    )
}

const ROUNDS: usize = 8;
