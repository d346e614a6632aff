mod board;
mod cache;

pub use cache::{CachedHeads, HeadCache};

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use keyfold_crypto::{Hash, exact};
use keyfold_ledger::Roster;
use keyfold_wire::{AccountId, v1};

use self::board::{Board, Known, Post};
use crate::{
    Bus, Caller, Clock, Subscription, Topic,
    clock::SECOND,
    receipts::ReceiptSigner,
    rosters::{AccountUnavailable, Rosters},
    storage::{Heads, StorageError},
};

/// Tells devices where their account stands: answers polls from memory and wakes those who listen.
///
/// What it knows comes from the writes of this process and, once it is a second old or another replica is heard to have
/// written, again from the database, or from what another replica has seen of it since: a poll lags by a second at most,
/// whatever happens to words on their way.
pub struct HeadBoard {
    rosters: Arc<Rosters>,
    receipts: Arc<ReceiptSigner>,
    clock: Arc<dyn Clock>,
    bus: Arc<dyn Bus>,
    cache: Option<Arc<dyn HeadCache>>,
    board: Arc<Board>,
}

/// Why a device is not told where its account stands.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// There is no account.
    #[error(transparent)]
    Account(#[from] AccountUnavailable),
    /// The device is not active in it.
    #[error("this device is not (or no longer) active in the account")]
    NotAMember,
    /// The heads could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl HeadBoard {
    pub(crate) fn new(
        rosters: Arc<Rosters>,
        receipts: Arc<ReceiptSigner>,
        clock: Arc<dyn Clock>,
        bus: Arc<dyn Bus>,
        cache: Option<Arc<dyn HeadCache>>,
    ) -> Self {
        let board = Arc::new(Board::new());
        let (heard, now) = (Arc::clone(&board), Arc::clone(&clock));
        bus.overhear(Box::new(move |topic| match topic {
            Some(Topic::Account(account)) => heard.doubt(Some(account), now.now()),
            Some(Topic::Enrolment(_)) => {}
            None => heard.doubt(None, now.now()),
        }));
        Self { rosters, receipts, clock, bus, cache, board }
    }

    /// Both heads with their receipts, as an encoded [`v1::Heads`].
    ///
    /// # Errors
    /// [`HeadError`].
    pub async fn poll(&self, caller: &Caller) -> Result<Bytes, HeadError> {
        let now = self.clock.now();
        let known = match self.fresh(caller.account, now) {
            Some(known) => known,
            // On the heap, and only while it lasts: whoever listens for hours polls now and then.
            None => Box::pin(self.read(caller.account, now)).await?,
        };
        known.told(caller)
    }

    /// The same from memory alone, at once; `None` where something must be read first.
    pub fn known(&self, caller: &Caller) -> Option<Result<Bytes, HeadError>> {
        Some(self.fresh(caller.account, self.clock.now())?.told(caller))
    }

    fn fresh(&self, account: AccountId, now: u64) -> Option<Known> {
        self.board.get(account).filter(|known| match known {
            Known::At(post) => self.board.is_fresh(account, post, now),
            Known::Deleted => true,
        })
    }

    /// Begins to listen for new heads. Whoever listens polls once afterwards, to hear of what came before.
    pub fn listen(&self, caller: &Caller) -> Box<dyn Subscription> {
        self.bus.subscribe(Topic::Account(caller.account))
    }

    /// How long whoever listens waits for a word before looking at the heads without one: a second while other replicas may
    /// not be heard.
    #[must_use]
    pub fn patience(&self) -> Duration {
        if self.bus.is_up() { PATIENCE } else { Duration::from_millis(SECOND) }
    }

    /// The message for heads that were read or written just now.
    pub(crate) fn message(&self, account: AccountId, heads: &Heads) -> v1::Heads {
        let known = match self.board.get(account) {
            Some(Known::At(post)) => Some(post),
            Some(Known::Deleted) | None => None,
        };
        self.receipts.heads(account, heads, known.as_deref().map(|known| &known.message))
    }

    /// Takes note of a write that was begun at `begun_at` and accepted, and wakes the account's devices; the message that
    /// the writer gets.
    pub(crate) fn accepted(&self, account: AccountId, heads: Heads, roster: &Roster, begun_at: u64) -> v1::Heads {
        let message = self.message(account, &heads);
        self.note(account, Post::new(heads, message.clone(), roster, begun_at));
        self.bus.publish(Topic::Account(account));
        message
    }

    /// A write was repeated: whoever did it first may not have lived to tell. The account is looked at anew, and its devices
    /// are woken.
    pub(crate) fn repeated(&self, account: AccountId) {
        self.board.doubt(Some(account), self.clock.now());
        self.bus.publish(Topic::Account(account));
    }

    /// Forgets a deleted account and wakes its devices.
    pub(crate) fn deleted(&self, account: AccountId) {
        self.board.deleted(account);
        self.bus.publish(Topic::Account(account));
    }

    /// Looks at what replicas share, or at the database, at `now` or later.
    async fn read(&self, account: AccountId, now: u64) -> Result<Known, HeadError> {
        if let Some(post) = self.cached(account, now).await {
            return Ok(self.board.note(account, post));
        }
        match self.rosters.current(account).await {
            Ok((heads, roster)) => {
                let message = self.message(account, &heads);
                Ok(self.note(account, Post::new(heads, message, &roster, now)))
            }
            Err(AccountUnavailable::Deleted) => {
                self.board.deleted(account);
                Ok(Known::Deleted)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What another replica has put into the cache, if it is this server's word and may still be told.
    async fn cached(&self, account: AccountId, now: u64) -> Option<Post> {
        let CachedHeads { heads, age } = self.cache.as_ref()?.get(account).await?;
        let message: v1::Heads = exact::decode(&heads, MAX_HEADS).ok()?;
        self.receipts.check(account, &message).ok()?;
        let heads = Heads {
            roster_seq: message.roster_seq,
            roster_head: Hash::try_from(message.roster_head.as_slice()).ok()?,
            vault_seq: message.vault_seq,
            vault_head: Hash::try_from(message.vault_head.as_slice()).ok()?,
        };
        let roster = self.rosters.at(account, &heads).await.ok()?;
        let post = Post::new(heads, message, &roster, now.saturating_sub(age));
        self.board.may_tell(account, &post, now).then_some(post)
    }

    fn note(&self, account: AccountId, post: Post) -> Known {
        if let Some(cache) = &self.cache {
            let age = self.clock.now().saturating_sub(post.seen_at);
            cache.put(account, post.position(), post.encoded.clone(), age);
        }
        self.board.note(account, post)
    }
}

impl Known {
    /// What a caller is told of it.
    fn told(&self, caller: &Caller) -> Result<Bytes, HeadError> {
        match self {
            Self::At(post) if post.has_member(&caller.device) => Ok(post.encoded.clone()),
            Self::At(_) => Err(HeadError::NotAMember),
            Self::Deleted => Err(AccountUnavailable::Deleted.into()),
        }
    }
}

/// A word may be lost all the same.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of encoded heads with their receipts.
const MAX_HEADS: usize = 1_024;
