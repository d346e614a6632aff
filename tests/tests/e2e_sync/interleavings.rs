//! Two devices that edit at the same time, offline for any length, come to the same vault, and no edit is lost that
//! merging field by field can keep.

use std::{collections::BTreeMap, fmt::Write};

use keyfold_client::{
    ItemId,
    item::{Field, FieldTag, PURGED_AFTER},
};
use keyfold_crypto::{Hash, Namespace};
use keyfold_tests::sdk::{Chance, DAY, HOUR, Hosted, MINUTE, Member};
use tokio::task::JoinSet;

use crate::model::Model;

const INTERLEAVINGS: u64 = 1_000;
/// An account goes through so many of them, each with passkeys of its own.
const TO_AN_ACCOUNT: usize = 25;
const WORLDS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_interleavings_of_two_devices_converge_and_lose_no_edit() {
    let accounts: Vec<Vec<u64>> = Chance::seeds(INTERLEAVINGS).chunks(TO_AN_ACCOUNT).map(<[u64]>::to_vec).collect();
    let mut worlds = JoinSet::new();
    for world in 0..WORLDS {
        let accounts: Vec<Vec<u64>> = accounts.iter().skip(world).step_by(WORLDS).cloned().collect();
        worlds.spawn(async move {
            // Each step is months after the one before: every request opens a session.
            let server = Hosted::start_with(|settings| settings.rates.anonymous_per_minute = 1_000_000).await;
            for seeds in accounts {
                let a = Member::founded(&server, "laptop").await;
                let devices = [Member::enrolled(&server, "phone", &a).await, a];
                for seed in seeds {
                    Interleaving::of(seed, &server, &devices).run().await;
                }
            }
        });
    }
    worlds.join_all().await;
}

/// One random program of two devices. Prints itself if the test fails in it.
struct Interleaving<'a> {
    seed: u64,
    chance: Chance,
    server: &'a Hosted,
    devices: &'a [Member; 2],
    model: Model,
    /// How far each device's clock is off while it is online, in milliseconds.
    off: [i64; 2],
    told: String,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Add,
    Set(FieldTag),
    Delete,
    Restore,
    SignIn,
    Sync,
    SyncBoth,
    Wait,
    /// The clock of a device that is offline falls behind.
    FallBehind,
}

const STEPS: [Step; 14] = [
    Step::Add,
    Step::Set(FieldTag::Label),
    Step::Set(FieldTag::Label),
    Step::Set(FieldTag::UserName),
    Step::Set(FieldTag::UserName),
    Step::Delete,
    Step::Restore,
    Step::SignIn,
    Step::SignIn,
    Step::Sync,
    Step::SyncBoth,
    Step::Wait,
    Step::Wait,
    Step::FallBehind,
];

impl<'a> Interleaving<'a> {
    fn of(seed: u64, server: &'a Hosted, devices: &'a [Member; 2]) -> Self {
        let mut chance = Chance::of(seed);
        let off = [(); 2].map(|()| i64::try_from(chance.below(100_000)).unwrap() - 50_000);
        Self { seed, chance, server, devices, model: Model::default(), off, told: String::new() }
    }

    async fn run(mut self) {
        self.set_clocks();
        self.add(0).await;
        for number in 0..4 + self.chance.below(12) {
            let by = usize::try_from(self.chance.below(2)).unwrap();
            let step = *self.chance.one_of(&STEPS);
            writeln!(self.told, "device {by}: {step:?} at {}", self.devices[by].clock.now()).unwrap();
            self.take(step, by, number).await;
        }
        self.converge().await;
    }

    async fn take(&mut self, step: Step, by: usize, number: u64) {
        let visible = self.model.visible(by);
        let (deleted, live): (Vec<ItemId>, Vec<ItemId>) =
            visible.iter().partition(|item| self.model.is_deleted(by, **item));
        match step {
            Step::Add => self.add(by).await,
            Step::Set(tag) if !visible.is_empty() => {
                let item = *self.chance.one_of(&visible);
                self.set(by, item, tag, format!("{tag:?} {number} by {by}").into_bytes()).await;
            }
            Step::Delete if !live.is_empty() => {
                let item = *self.chance.one_of(&live);
                self.set(by, item, FieldTag::Deleted, vec![1]).await;
            }
            Step::Restore if !deleted.is_empty() => {
                let item = *self.chance.one_of(&deleted);
                self.set(by, item, FieldTag::Deleted, vec![0]).await;
            }
            Step::SignIn if !live.is_empty() => {
                let item = *self.chance.one_of(&live);
                self.sign_in(by, item).await;
            }
            Step::Sync => self.sync(by).await,
            Step::SyncBoth => self.sync_both().await,
            Step::Wait => {
                let longest = *self.chance.one_of(&[2, MINUTE, HOUR, 90 * DAY]);
                self.server.time.pass(self.chance.below(longest));
            }
            Step::FallBehind => {
                let behind = i64::try_from(self.chance.below(60 * DAY)).unwrap();
                self.devices[by].clock.set_off(-behind);
            }
            // There is nothing yet that the step could be taken with.
            Step::Set(_) | Step::Delete | Step::Restore | Step::SignIn => {}
        }
    }

    async fn add(&mut self, by: usize) {
        let item = self.devices[by].add("shop.example").await;
        self.model.made(by, item);
    }

    async fn set(&mut self, by: usize, item: ItemId, tag: FieldTag, value: Vec<u8>) {
        let device = &self.devices[by];
        self.model.edited(by, device.vault().keys().id(), device.clock.now(), item, tag, &value);
        device.vault().set(item, tag, value).await.unwrap();
    }

    async fn sign_in(&mut self, by: usize, item: ItemId) {
        let (device, now) = (&self.devices[by], self.devices[by].clock.now());
        self.model.edited(by, device.vault().keys().id(), now, item, FieldTag::LastUsed, &now.to_be_bytes());
        device.signs_in(item).await;
    }

    /// Who is online has a clock that is right to a minute.
    async fn sync(&mut self, by: usize) {
        let device = &self.devices[by];
        device.clock.set_off(self.off[by]);
        device.sync().await;
        self.model.synced(by, device.clock.now());
    }

    fn set_clocks(&self) {
        for (device, off) in self.devices.iter().zip(self.off) {
            device.clock.set_off(off);
        }
    }

    /// Which of two that sync at once comes first is open. Once more, and both have seen all.
    async fn sync_both(&mut self) {
        self.set_clocks();
        tokio::join!(self.devices[0].sync(), self.devices[1].sync());
        for by in [0, 1, 0, 1] {
            self.model.synced(by, self.devices[by].clock.now());
        }
        self.sync(0).await;
        self.sync(1).await;
    }

    /// Both sync until nothing is left to say, and hold the same: what the model says, every field of it.
    async fn converge(&mut self) {
        self.server.time.pass(7 * HOUR);
        for by in [0, 1, 0] {
            self.sync(by).await;
        }
        assert!(self.devices[1].sync().await.is_empty(), "it is quiet");
        let held = self.devices[0].acknowledged().await;
        assert_eq!(held, self.devices[1].acknowledged().await);
        let find = |id: ItemId| held.iter().find(|(held, _, _)| *held == id).map(|(_, item, _)| &item.fields);
        for (id, mut expected) in self.model.outcome() {
            let (fields, came_back) = match find(id) {
                Some(fields) => (fields, false),
                // It was purged: for good, or before it was heard that somebody had restored it.
                None if is_purged(&expected, self.devices[0].clock.now()) => continue,
                None => (find(restored(id)).expect("a passkey was lost"), true),
            };
            if came_back {
                expected.remove(&FieldTag::Deleted);
            }
            let fields = fields.iter().map(|(tag, field)| (tag, field.clone())).collect();
            assert_eq!(expected, fields, "{id}");
        }
    }
}

fn is_purged(fields: &BTreeMap<FieldTag, Field>, now: u64) -> bool {
    fields.get(&FieldTag::Deleted).is_some_and(|field| field.value == [1] && field.stamp.ms + PURGED_AFTER <= now)
}

/// `H("restored-item", item)[..16]`
fn restored(item: ItemId) -> ItemId {
    let hash = Hash::of(Namespace::RestoredItem, &[item.as_bytes()]);
    ItemId::new(hash.as_bytes()[..16].try_into().unwrap())
}

impl Drop for Interleaving<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this interleaving again: KEYFOLD_SEED={}\n{}", self.seed, self.told);
        }
    }
}
