//! What devices do.

use std::collections::BTreeSet;

use keyfold_client::{
    ItemId,
    authenticator::{AllowList, CredentialStore},
    item::FieldTag,
    sync::SyncEngine,
    vault::{Locked, VaultError},
};
use keyfold_tests::sdk::any_passkey;

use crate::{
    device::Parts,
    enrol::let_in,
    newcomer::Newcomer,
    pocket::Pocket,
    recovery::DELAY,
    step::{Deed, Loss, Step, Text, Trouble},
    undone::Undone,
    world::{History, World},
};

impl World {
    /// One step of a program, and what must hold after every step.
    pub(crate) async fn after(mut self, step: Step) -> Self {
        match step {
            Step::Add { by } => self.add(by).await,
            Step::Set { by, item, text } => self.set_text(by, item, text).await,
            Step::Delete { by, item } => self.set(by, item, FieldTag::Deleted, vec![1]).await,
            Step::Restore { by, item } => self.set(by, item, FieldTag::Deleted, vec![0]).await,
            Step::SignIn { by, item } => self.sign_in(by, item).await,
            Step::Both { one, does, other } => self.both(one, does, other).await,
            Step::Enrol { by, trouble } => self.enrol(by, trouble).await,
            Step::UseCode => self.use_code().await,
            Step::LetInByCode => self.let_in_by_code().await,
            Step::Part { whom } => self.part(whom, true),
            Step::Meet { whom } => self.part(whom, false),
            Step::Wait { how_long } => self.wait(how_long).await,
            Step::Lie { back, to } => self.lie(back, to).await,
            Step::Repent => self.repent(),
            Step::Sync { by, trouble }
            | Step::Rotate { by, trouble }
            | Step::Remove { by, trouble, .. }
            | Step::MakeCode { by, trouble }
            | Step::RemoveCode { by, trouble }
            | Step::CancelCode { by, trouble }
            | Step::ReplaceCode { by, trouble, .. } => self.act(step, by, trouble).await,
        }
        self.remember().await;
        self
    }

    /// A device does something with its server, and something may go wrong meanwhile.
    async fn act(&mut self, step: Step, by: usize, trouble: Trouble) {
        let by = if matches!(step, Step::ReplaceCode { .. }) { self.owing().await.unwrap_or(by) } else { by };
        let Some(by) = self.device(by) else { return };
        self.devices[by].resume().await;
        self.lay(by, trouble);
        let done = match step {
            Step::Sync { .. } => self.devices[by].sync().await.map_err(Undone::Sync),
            Step::Rotate { .. } => self.rotate(by).await,
            Step::Remove { whom, .. } => self.remove(by, whom).await,
            Step::MakeCode { .. } => {
                let code = self.new_code();
                Box::pin(self.engine(by).add_recovery(&code, DELAY)).await.map_err(Undone::Recovery)
            }
            Step::RemoveCode { .. } => Box::pin(self.engine(by).remove_recovery()).await.map_err(Undone::Recovery),
            Step::CancelCode { .. } => self.cancel_code(by).await,
            Step::ReplaceCode { gone, .. } => self.replace_code(by, gone).await,
            _ => Ok(()),
        };
        self.settle(by).await;
        if trouble == Trouble::None {
            self.must_be_done(by, done).await;
        }
    }

    /// With an honest server and nothing in its way a member does what it sets out to do.
    async fn must_be_done(&self, by: usize, done: Result<(), Undone>) {
        let Err(undone) = done else { return };
        if self.has_lied || self.devices[by].way.is_parted() || !self.is_member(by).await {
            return;
        }
        let is_spoiled = self.was_changed && undone.is_without_key();
        // A device that came by the code may do nothing else before it has replaced it.
        let owes = self.owing().await == Some(by);
        assert!(undone.is_moot() || is_spoiled || owes, "device {by} is a member, and cannot do it: {undone:?}");
    }

    pub(crate) fn engine(&self, by: usize) -> &SyncEngine {
        self.devices[by].engine().unwrap()
    }

    fn lay(&mut self, by: usize, trouble: Trouble) {
        self.was_changed |= matches!(trouble, Trouble::Lost { what: Loss::Changed(_), .. });
        self.devices[by].lay(trouble);
    }

    /// After what a device did: nothing that it once accepted is gone, and what it sent the record knows.
    pub(crate) async fn settle(&mut self, by: usize) {
        let device = &mut self.devices[by];
        device.settle().await;
        if device.engine().is_some() && device.storage().count_edits().await.unwrap() == 0 {
            self.record.sent(by);
        }
    }

    async fn add(&mut self, by: usize) {
        let Some(by) = self.device(by) else { return };
        let device = &self.devices[by];
        let passkey = any_passkey("shop.example", device.id(), device.clock.now());
        let item = device.engine().unwrap().vault().add(&passkey, []).await.unwrap();
        self.record.made(by, item);
    }

    async fn set_text(&mut self, by: usize, item: usize, text: Text) {
        let tag = match text {
            Text::Label => FieldTag::Label,
            Text::UserName => FieldTag::UserName,
        };
        let value = format!("{} by {by}", self.past.len()).into_bytes();
        self.set(by, item, tag, value).await;
    }

    async fn set(&mut self, by: usize, item: usize, tag: FieldTag, value: Vec<u8>) {
        let Some((by, item)) = self.item(by, item).await else { return };
        let set = self.devices[by].engine().unwrap().vault().set(item, tag, value).await;
        match set {
            Ok(()) => self.edited(by, item, tag).await,
            Err(VaultError::NotFound) => {}
            Err(error) => panic!("device {by} does not take an edit: {error:?}"),
        }
    }

    async fn sign_in(&mut self, by: usize, item: usize) {
        let Some((by, item)) = self.item(by, item).await else { return };
        let vault = self.devices[by].engine().unwrap().vault();
        let mut snapshot = vault.snapshot().await.unwrap();
        let Ok(shown) = vault.passkey(item).await else { return };
        if !shown.is_purged && shown.item.fields.deleted_at().is_none() {
            let passkey = shown.item.passkey().unwrap();
            let rp_id = passkey.rp_id.as_str().try_into().unwrap();
            snapshot.used(&rp_id, &passkey.credential_id.as_slice().try_into().unwrap(), &AllowList::Discoverable);
            match vault.keep(&mut snapshot).await {
                Ok(_) => self.edited(by, item, FieldTag::LastUsed).await,
                // It learned of its removal meanwhile, and nobody has opened it since.
                Err(VaultError::Locked(Locked::OnRequest)) => {
                    assert!(self.devices[by].storage().lock_state().await.unwrap().is_locked);
                }
                Err(error) => panic!("a passkey that is shown cannot be used: {error}"),
            }
        }
    }

    /// The record is told what the device has just written.
    async fn edited(&mut self, by: usize, item: ItemId, tag: FieldTag) {
        let shown = self.devices[by].engine().unwrap().vault().passkey(item).await.unwrap();
        // What was purged against the rules takes no edit.
        if !shown.is_purged {
            let field = shown.item.fields.field(tag).unwrap().clone();
            assert_eq!(field.stamp.device, self.devices[by].id(), "an edit of its own stands on a device");
            self.record.edited(by, item, tag, field);
        }
    }

    /// A device, and a passkey that it holds.
    async fn item(&self, by: usize, item: usize) -> Option<(usize, ItemId)> {
        let by = self.device(by)?;
        let storage = self.devices[by].storage();
        let stored = storage.items().await.unwrap().into_iter().map(|stored| stored.element.item);
        let edited = storage.edits().await.unwrap().into_iter().map(|edit| edit.item);
        // As the record has them: ids are drawn at random, and which is meant must be the same each time.
        let held: BTreeSet<ItemId> = stored.chain(edited).collect();
        let held = self.record.in_order(&held);
        held.get(item % held.len().max(1)).map(|item| (by, *item))
    }

    async fn both(&mut self, one: usize, does: Deed, other: usize) {
        let (Some(one), Some(other)) = (self.device(one), self.device(other)) else { return };
        if one == other {
            return self.act(Step::Sync { by: one, trouble: Trouble::None }, one, Trouble::None).await;
        }
        for by in [one, other] {
            self.devices[by].resume().await;
        }
        let deed = async {
            match does {
                Deed::Sync => self.devices[one].sync().await.map_err(Undone::Sync),
                Deed::Rotate => self.rotate(one).await,
                Deed::Remove { whom } => self.remove(one, whom).await,
            }
        };
        let (by_one, by_other) = tokio::join!(deed, self.devices[other].sync());
        for by in [one, other] {
            self.settle(by).await;
        }
        for (by, done) in [(one, by_one), (other, by_other.map_err(Undone::Sync))] {
            self.must_be_done(by, done).await;
        }
    }

    /// Where it says that it has begun an epoch, that is in its roster.
    async fn rotate(&self, by: usize) -> Result<(), Undone> {
        let before = self.epoch(by).await;
        Box::pin(self.engine(by).rotate()).await.map_err(Undone::Append)?;
        let after = self.epoch(by).await;
        assert!(after.is_none() || after > before, "device {by} began no epoch after {before:?}");
        Ok(())
    }

    /// `None` where the device cannot tell: its power may be off.
    async fn epoch(&self, by: usize) -> Option<u64> {
        let held = self.engine(by).vault().local().held().await.ok()?;
        Some(held.roster.epoch().number)
    }

    async fn remove(&self, by: usize, whom: usize) -> Result<(), Undone> {
        let Some(whom) = self.device(whom).filter(|whom| *whom != by) else { return Ok(()) };
        let whom = self.devices[whom].id();
        Box::pin(self.engine(by).remove_devices(&[whom])).await.map_err(Undone::Remove)?;
        if let Ok(held) = self.engine(by).vault().local().held().await {
            assert!(held.roster.device(&whom).is_none(), "device {by} removed nobody");
        }
        Ok(())
    }

    async fn enrol(&mut self, by: usize, trouble: Trouble) {
        let Some(by) = self.device(by) else { return };
        if self.devices.iter().filter(|device| device.engine().is_some()).count() >= MOST_DEVICES {
            return;
        }
        self.devices[by].resume().await;
        self.lay(by, trouble);
        let server = self.devices[by].way.server();
        let (api, _) = self.stranger(&server);
        let newcomer = Newcomer::begin(api, &self.next_name()).await;
        let (approved, came) = let_in(self.engine(by), newcomer).await;
        self.settle(by).await;
        if trouble == Trouble::None {
            self.must_be_done(by, approved.map_err(Undone::Enrolment)).await;
        }
        if let Some(came) = came {
            let (disk, storage) = self.disk().await;
            let key = came.lay_down(storage.as_ref()).await;
            self.comes(Parts { disk, pocket: Pocket::with(&key), keys: came.keys }, server).await;
        }
    }

    fn part(&self, whom: usize, is_parted: bool) {
        if let Some(whom) = self.device(whom) {
            self.devices[whom].way.part(is_parted);
        }
    }

    pub(crate) async fn wait(&self, how_long: u64) {
        self.time.pass(how_long);
        for history in &self.histories {
            history.server.upkeep().await;
        }
    }

    async fn lie(&mut self, back: usize, to: usize) {
        let back = back.min(self.past.len() - 1);
        let cabinet = self.past[self.past.len() - 1 - back].copy().await;
        let history = History::of(cabinet, &self.time).await;
        let told = self.devices.iter().enumerate().filter(|(place, _)| (to + 1) >> (place % 4) & 1 == 1);
        told.for_each(|(_, device)| device.way.leads_to(history.server.clone()));
        self.histories.push(history);
        self.has_lied = true;
    }

    pub(crate) fn repent(&self) {
        self.devices.iter().for_each(|device| device.way.leads_to(self.histories[0].server.clone()));
    }
}

const MOST_DEVICES: usize = 5;
