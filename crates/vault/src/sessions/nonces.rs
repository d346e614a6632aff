use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use keyfold_crypto::session::SessionId;

use crate::{Caller, clock::SECOND};

/// Remembers the nonces of requests for as long as their `created` would still be accepted: each lives in the newer of
/// two generations, and moves to the older one when the newer is two windows old.
///
/// Replays at another replica are not seen here; they can only repeat a read, since every change is itself signed.
#[derive(Debug)]
pub(crate) struct NonceWindow {
    generations: Mutex<Generations>,
    room: Room,
}

/// How many nonces a generation holds.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Of one device.
    device: usize,
    /// Of all; beyond it only devices that have more than their `share` wait.
    all: usize,
    share: usize,
}

#[derive(Debug, Default)]
struct Generations {
    newer: Generation,
    older: Generation,
    turned_at: u64,
}

#[derive(Debug, Default)]
struct Generation {
    devices: HashMap<Caller, HashSet<Nonce>>,
    count: usize,
}

/// The session's random part and the request's nonce.
type Nonce = ([u8; 8], [u8; 16]);

/// Why a nonce is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NonceRefused {
    Used,
    Full,
}

impl NonceWindow {
    /// Takes the nonce, once. Where there is no room nothing is forgotten early: the device's requests wait, and however
    /// many others there are, each device has its share.
    pub(crate) fn take(
        &self,
        device: Caller,
        session: &SessionId,
        nonce: [u8; 16],
        now: u64,
    ) -> Result<(), NonceRefused> {
        let nonce = (session.random, nonce);
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.turn(now);
        if generations.older.holds(device, &nonce) || generations.newer.holds(device, &nonce) {
            return Err(NonceRefused::Used);
        }
        generations.newer.take(device, nonce, self.room)
    }
}

impl Generations {
    fn turn(&mut self, now: u64) {
        if now.abs_diff(self.turned_at) < TWO_WINDOWS {
            return;
        }
        let idle = now.abs_diff(self.turned_at) >= 2 * TWO_WINDOWS;
        self.older = std::mem::take(&mut self.newer);
        if idle {
            self.older = Generation::default();
        }
        self.turned_at = now;
    }
}

impl Generation {
    fn holds(&self, device: Caller, nonce: &Nonce) -> bool {
        self.devices.get(&device).is_some_and(|nonces| nonces.contains(nonce))
    }

    fn take(&mut self, device: Caller, nonce: Nonce, room: Room) -> Result<(), NonceRefused> {
        let nonces = self.devices.entry(device).or_default();
        let most = if self.count < room.all { room.device } else { room.share };
        if nonces.len() >= most {
            return Err(NonceRefused::Full);
        }
        nonces.insert(nonce);
        self.count += 1;
        Ok(())
    }
}

impl Default for NonceWindow {
    fn default() -> Self {
        Self { generations: Mutex::default(), room: ROOM }
    }
}

/// A request may be created 60 s before or after the server's time.
const TWO_WINDOWS: u64 = 120 * SECOND;
/// A device may send some 800 requests a second, or 8 where devices together send 8,000. Some 60 MiB for all.
const ROOM: Room = Room { device: 100_000, all: 1_000_000, share: 1_000 };

#[cfg(test)]
mod tests {
    use keyfold_wire::{AccountId, MemberId};

    use super::*;

    const NOW: u64 = 1_800_000_000_000;
    const ANA: Caller = Caller { account: AccountId::new([1; 16]), device: MemberId::new([1; 16]) };
    const BEN: Caller = Caller { account: AccountId::new([2; 16]), device: MemberId::new([2; 16]) };
    const EVE: Caller = Caller { account: AccountId::new([3; 16]), device: MemberId::new([3; 16]) };

    #[test]
    fn a_nonce_is_taken_once_and_forgotten_only_when_its_request_is_too_old() {
        let window = NonceWindow::default();
        let take = |nonce: u8, seconds: u64| window.take(ANA, &session(1), [nonce; 16], NOW + seconds * SECOND);
        assert_eq!(take(1, 0), Ok(()));
        assert_eq!(take(1, 119), Err(NonceRefused::Used));
        assert_eq!(take(2, 121), Ok(()));
        assert_eq!(take(1, 121), Err(NonceRefused::Used));
        assert_eq!(take(1, 600), Ok(()));
    }

    #[test]
    fn two_sessions_and_two_devices_may_draw_the_same_nonce() {
        let window = NonceWindow::default();
        assert_eq!(window.take(ANA, &session(1), [1; 16], NOW), Ok(()));
        assert_eq!(window.take(ANA, &session(2), [1; 16], NOW), Ok(()));
        assert_eq!(window.take(BEN, &session(1), [1; 16], NOW), Ok(()));
    }

    #[test]
    fn a_full_window_refuses_rather_than_forgets() {
        let window = with_room(Room { device: 1, all: 10, share: 1 });
        assert_eq!(window.take(ANA, &session(1), [1; 16], NOW), Ok(()));
        assert_eq!(window.take(ANA, &session(1), [2; 16], NOW), Err(NonceRefused::Full));
        assert_eq!(
            window.take(ANA, &session(2), [2; 16], NOW),
            Err(NonceRefused::Full),
            "a session more is no room more"
        );
        assert_eq!(window.take(ANA, &session(1), [1; 16], NOW), Err(NonceRefused::Used));
        assert_eq!(window.take(BEN, &session(1), [2; 16], NOW), Ok(()));
    }

    #[test]
    fn whoever_fills_the_window_locks_out_nobody_but_himself() {
        let window = with_room(Room { device: 4, all: 5, share: 2 });
        let take = |device, nonce: u8| window.take(device, &session(1), [nonce; 16], NOW);
        assert!((0..4).all(|nonce| take(EVE, nonce) == Ok(())));
        assert_eq!(take(EVE, 4), Err(NonceRefused::Full));
        assert!((0..2).all(|nonce| take(ANA, nonce) == Ok(())));
        assert_eq!(take(ANA, 2), Err(NonceRefused::Full));
        assert!((0..2).all(|nonce| take(BEN, nonce) == Ok(())));
    }

    fn with_room(room: Room) -> NonceWindow {
        NonceWindow { generations: Mutex::default(), room }
    }

    fn session(random: u8) -> SessionId {
        SessionId {
            kid: 1,
            account: AccountId::new([0; 16]),
            device: MemberId::new([0; 16]),
            expires_at: NOW,
            random: [random; 8],
        }
    }
}
