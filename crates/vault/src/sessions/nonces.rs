use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use keyfold_crypto::session::SessionId;

use crate::clock::SECOND;

/// Remembers the nonces of requests for as long as their `created` would still be accepted: each lives in the newer of
/// two generations, and moves to the older one when the newer is two windows old.
///
/// Replays at another replica are not seen here; they can only repeat a read, since every change is itself signed.
#[derive(Debug)]
pub(crate) struct NonceWindow {
    generations: Mutex<Generations>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Generations {
    newer: HashSet<Nonce>,
    older: HashSet<Nonce>,
    turned_at: u64,
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
    fn with_capacity(capacity: usize) -> Self {
        Self { generations: Mutex::default(), capacity }
    }

    /// Takes the nonce, once. When the window is full nothing is forgotten early: requests wait.
    pub(crate) fn take(&self, session: &SessionId, nonce: [u8; 16], now: u64) -> Result<(), NonceRefused> {
        let nonce = (session.random, nonce);
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.turn(now);
        if generations.older.contains(&nonce) || generations.newer.contains(&nonce) {
            return Err(NonceRefused::Used);
        }
        if generations.newer.len() >= self.capacity {
            return Err(NonceRefused::Full);
        }
        generations.newer.insert(nonce);
        Ok(())
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
            self.older = HashSet::new();
        }
        self.turned_at = now;
    }
}

impl Default for NonceWindow {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

/// A request may be created 60 s before or after the server's time.
const TWO_WINDOWS: u64 = 120 * SECOND;
/// Some 60 MiB when full.
const CAPACITY: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use keyfold_wire::{AccountId, MemberId};

    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn a_nonce_is_taken_once_and_forgotten_only_when_its_request_is_too_old() {
        let window = NonceWindow::default();
        assert_eq!(window.take(&session(1), [1; 16], NOW), Ok(()));
        assert_eq!(window.take(&session(1), [1; 16], NOW + 119 * SECOND), Err(NonceRefused::Used));
        assert_eq!(window.take(&session(1), [2; 16], NOW + 121 * SECOND), Ok(()));
        assert_eq!(window.take(&session(1), [1; 16], NOW + 121 * SECOND), Err(NonceRefused::Used));
        assert_eq!(window.take(&session(1), [1; 16], NOW + 600 * SECOND), Ok(()));
    }

    #[test]
    fn two_sessions_may_draw_the_same_nonce() {
        let window = NonceWindow::default();
        assert_eq!(window.take(&session(1), [1; 16], NOW), Ok(()));
        assert_eq!(window.take(&session(2), [1; 16], NOW), Ok(()));
    }

    #[test]
    fn a_full_window_refuses_rather_than_forgets() {
        let window = NonceWindow::with_capacity(1);
        assert_eq!(window.take(&session(1), [1; 16], NOW), Ok(()));
        assert_eq!(window.take(&session(1), [2; 16], NOW), Err(NonceRefused::Full));
        assert_eq!(window.take(&session(1), [1; 16], NOW), Err(NonceRefused::Used));
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
