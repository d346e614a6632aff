use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use keyfold_ledger::Roster;
use keyfold_wire::{AccountId, MemberId, v1};
use moka::{ops::compute::Op, policy::EvictionPolicy, sync::Cache};
use prost::Message;

use crate::{clock::SECOND, storage::Heads};

/// What this process knows of where accounts stand. Reads and writes come to be noted in any order: the later head
/// stays, and what was deleted stays deleted.
pub(super) struct Board {
    known: Cache<AccountId, Known>,
    /// When it was last heard that an account had moved on another replica, Unix milliseconds.
    doubted: Cache<AccountId, u64>,
    /// The same of all accounts.
    all_doubted: AtomicU64,
}

/// What is known of an account.
#[derive(Clone)]
pub(super) enum Known {
    /// It stood here.
    At(Arc<Post>),
    /// It is gone for good.
    Deleted,
}

/// Where an account stood.
#[derive(Debug)]
pub(super) struct Post {
    heads: Heads,
    pub(super) message: v1::Heads,
    pub(super) encoded: Bytes,
    /// Active ones, ascending.
    members: Vec<MemberId>,
    /// A time at which it had not yet moved on, Unix milliseconds.
    pub(super) seen_at: u64,
}

impl Board {
    pub(super) fn new() -> Self {
        // The latest doubt is always kept.
        let lru = EvictionPolicy::lru();
        let doubted = Cache::builder().max_capacity(KEPT).time_to_live(DOUBT).eviction_policy(lru).build();
        Self { known: Cache::new(KEPT), doubted, all_doubted: AtomicU64::new(0) }
    }

    pub(super) fn get(&self, account: AccountId) -> Option<Known> {
        self.known.get(&account)
    }

    /// Whether a post of this account may still be told at `now`.
    pub(super) fn is_fresh(&self, account: AccountId, post: &Post, now: u64) -> bool {
        let doubted = self.doubted.get(&account).unwrap_or(0).max(self.all_doubted.load(Ordering::Acquire));
        now.abs_diff(post.seen_at) < SECOND && post.seen_at > doubted
    }

    /// Whether a post that another replica has seen may be told at `now`: it is fresh, or what was heard of is in it.
    pub(super) fn may_tell(&self, account: AccountId, post: &Post, now: u64) -> bool {
        let is_news = match self.known.get(&account) {
            Some(Known::At(known)) => post.position() > known.position(),
            Some(Known::Deleted) | None => false,
        };
        self.is_fresh(account, post, now) || (is_news && now.abs_diff(post.seen_at) < SECOND)
    }

    /// What was seen until `now` may be outdated: of this account, or of all.
    pub(super) fn doubt(&self, account: Option<AccountId>, now: u64) {
        match account {
            Some(account) => self.doubted.insert(account, now),
            None => self.all_doubted.store(now, Ordering::Release),
        }
    }

    /// Takes note of an account; gives what is known of it then.
    pub(super) fn note(&self, account: AccountId, post: Post) -> Known {
        let post = Known::At(Arc::new(post));
        let noted = self.known.entry(account).and_compute_with(|entry| match entry {
            Some(entry) if !post.is_news_after(entry.value()) => Op::Nop,
            _ => Op::Put(post.clone()),
        });
        noted.into_entry().map_or(post, moka::Entry::into_value)
    }

    pub(super) fn deleted(&self, account: AccountId) {
        // In turn with those who note something.
        self.known.entry(account).and_compute_with(|_| Op::Put(Known::Deleted));
    }
}

impl Known {
    fn is_news_after(&self, before: &Self) -> bool {
        match (self, before) {
            (_, Self::Deleted) => false,
            (Self::Deleted, Self::At(_)) => true,
            (Self::At(post), Self::At(before)) => post.order() > before.order(),
        }
    }
}

impl Post {
    pub(super) fn new(heads: Heads, message: v1::Heads, roster: &Roster, seen_at: u64) -> Self {
        let encoded = Bytes::from(message.encode_to_vec());
        let members = roster.members().keys().copied().collect();
        Self { heads, message, encoded, members, seen_at }
    }

    pub(super) fn has_member(&self, member: &MemberId) -> bool {
        self.members.binary_search(member).is_ok()
    }

    /// No write moves a chain back, so the sum tells which of two posts of an account is the later.
    pub(super) const fn position(&self) -> u64 {
        self.heads.roster_seq.saturating_add(self.heads.vault_seq)
    }

    const fn order(&self) -> (u64, u64) {
        (self.position(), self.seen_at)
    }
}

/// Accounts in memory, each with some kilobytes.
const KEPT: u64 = 10_000;
/// By then nothing that was seen before is told any more.
const DOUBT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use keyfold_crypto::Hash;

    use super::*;

    const ANA: AccountId = AccountId::new([1; 16]);

    #[test]
    fn what_was_read_before_a_write_does_not_undo_it() {
        let board = Board::new();
        board.note(ANA, post((3, 7), 100));
        for older in [(3, 6), (2, 7), (1, 1)] {
            assert_eq!(stands(&board.note(ANA, post(older, 900))), Some(((3, 7), 100)));
        }
        assert_eq!(stands(&board.note(ANA, post((4, 7), 50))), Some(((4, 7), 50)));
        assert_eq!(stands(&board.get(ANA).unwrap()), Some(((4, 7), 50)));
    }

    #[test]
    fn the_same_head_is_as_fresh_as_its_latest_look() {
        let board = Board::new();
        for (seen_at, then) in [(100, 100), (300, 300), (200, 300)] {
            assert_eq!(stands(&board.note(ANA, post((1, 0), seen_at))), Some(((1, 0), then)));
        }
    }

    #[test]
    fn what_was_seen_before_a_word_from_elsewhere_is_not_told_after_it() {
        let board = Board::new();
        let fresh = |account, seen_at| board.is_fresh(account, &post((1, 0), seen_at), 1_500);
        assert!(fresh(ANA, 501) && !fresh(ANA, 500), "a second");
        board.doubt(Some(ANA), 1_000);
        assert!(!fresh(ANA, 1_000) && fresh(ANA, 1_001));
        let ben = AccountId::new([2; 16]);
        assert!(fresh(ben, 1_000));
        board.doubt(None, 1_200);
        assert!(!fresh(ben, 1_200) && !fresh(ANA, 1_200) && fresh(ANA, 1_201));
    }

    #[test]
    fn a_deleted_account_does_not_come_back() {
        let board = Board::new();
        board.note(ANA, post((1, 0), 100));
        board.deleted(ANA);
        assert_eq!(stands(&board.note(ANA, post((1, 1), 200))), None);
        assert_eq!(stands(&board.get(ANA).unwrap()), None);
    }

    fn post((roster_seq, vault_seq): (u64, u64), seen_at: u64) -> Post {
        let heads = Heads { roster_seq, roster_head: Hash::ZERO, vault_seq, vault_head: Hash::ZERO };
        let (message, encoded) = (v1::Heads::default(), Bytes::new());
        Post { heads, message, encoded, members: Vec::new(), seen_at }
    }

    fn stands(known: &Known) -> Option<((u64, u64), u64)> {
        match known {
            Known::At(post) => Some(((post.heads.roster_seq, post.heads.vault_seq), post.seen_at)),
            Known::Deleted => None,
        }
    }
}
