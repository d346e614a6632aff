use std::time::Duration;

use keyfold_ledger::{Body, Entry, Roster};
use keyfold_wire::{AccountId, MemberId};
use moka::sync::Cache;

use super::{Chains, Stale};
use crate::{
    AccountUnavailable, Caller,
    storage::{Aim, Asker, Heads, PushBase},
};

/// Another device's turn to write: its entry was kept out by others' writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another device of the account has its turn to change the list of devices: wait a moment")]
pub struct NotItsTurn(pub Duration);

/// Devices whose entries came too late, for as long as that counts.
pub(super) struct Latecomers(Cache<(AccountId, MemberId), ()>);

impl Latecomers {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR).build())
    }

    /// Whether it is too late again.
    fn again(&self, caller: &Caller) -> bool {
        let key = (caller.account, caller.device);
        let again = self.0.contains_key(&key);
        self.0.insert(key, ());
        again
    }
}

impl Chains {
    /// Refuses a write while another device has its turn.
    pub(super) fn check_turn(
        &self,
        caller: &Caller,
        base: &PushBase,
        roster: &Roster,
        aim: Aim,
    ) -> Result<(), NotItsTurn> {
        let is_senior_to = &|other: &MemberId| is_senior(roster, &caller.device, other);
        let asker = Asker { device: caller.device, aim, is_senior_to };
        match base.fences.wait(&asker, self.clock.now()) {
            Some(wait) => Err(NotItsTurn(Duration::from_millis(wait))),
            None => Ok(()),
        }
    }

    /// Tells a device that its entry came too late, and sees to it that endless writes do not keep it out for ever: at the
    /// second time within a minute, and to remove somebody at once, the others wait.
    pub(super) async fn too_late(
        &self,
        caller: &Caller,
        entry: &Entry,
        roster: &Roster,
        heads: &Heads,
    ) -> Result<Stale, AccountUnavailable> {
        let aim = aim(entry.body());
        // What nobody else but the device can have made.
        let author = roster.members().get(&caller.device).filter(|_| entry.author() == caller.device);
        let is_own = author.is_some_and(|author| entry.verify(author.keys.signing()).is_ok());
        if is_own && (self.latecomers.again(caller) || aim == Aim::Removal) {
            let fences = self.base(caller.account, &[]).await?.fences;
            let is_senior_to = &|other: &MemberId| is_senior(roster, &caller.device, other);
            let asker = Asker { device: caller.device, aim, is_senior_to };
            if let Some(after) = fences.with(&asker, self.clock.now()) {
                // Where another's turn has begun meanwhile, this device asks again.
                self.storage.fence(caller.account, &fences, &after).await?;
            }
        }
        Ok(self.stale(caller.account, heads))
    }
}

/// Whether a member was in the account before another, or the other is in it no more.
fn is_senior(roster: &Roster, member: &MemberId, other: &MemberId) -> bool {
    let joined = |member| roster.members().get(member).map(|member| member.joined_seq);
    match (joined(member), joined(other)) {
        (Some(seq), Some(other)) => seq < other,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// What an entry is for.
pub(super) const fn aim(body: &Body) -> Aim {
    match body {
        Body::Remove(_) => Aim::Removal,
        _ => Aim::Other,
    }
}

const REMEMBERED: u64 = 10_000;
const REMEMBERED_FOR: Duration = Duration::from_secs(60);
