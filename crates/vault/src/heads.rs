use std::sync::Arc;

use bytes::Bytes;
use keyfold_ledger::Roster;
use keyfold_wire::{AccountId, v1};
use moka::sync::Cache;
use prost::Message;

use crate::{
    Bus, Caller, Clock, Subscription, Topic,
    clock::SECOND,
    receipts::ReceiptSigner,
    rosters::{AccountUnavailable, Rosters},
    storage::{Heads, StorageError},
};

/// Tells devices where their account stands: answers polls from memory and wakes those who listen.
///
/// What it knows comes from the writes of this process and, once it is a second old, again from the database: a poll
/// lags by a second at most, whatever happens on other replicas.
pub struct HeadBoard {
    rosters: Arc<Rosters>,
    receipts: Arc<ReceiptSigner>,
    clock: Arc<dyn Clock>,
    bus: Arc<dyn Bus>,
    known: Cache<AccountId, Arc<Known>>,
}

struct Known {
    heads: Heads,
    message: v1::Heads,
    encoded: Bytes,
    roster: Arc<Roster>,
    read_at: u64,
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
    ) -> Self {
        Self { rosters, receipts, clock, bus, known: Cache::new(KEPT) }
    }

    /// Both heads with their receipts, as an encoded [`v1::Heads`].
    ///
    /// # Errors
    /// [`HeadError`].
    pub async fn poll(&self, caller: &Caller) -> Result<Bytes, HeadError> {
        let known = match self.known.get(&caller.account) {
            Some(known) if self.clock.now().abs_diff(known.read_at) < SECOND => known,
            _ => self.read(caller.account).await?,
        };
        known.roster.device(&caller.device).ok_or(HeadError::NotAMember)?;
        Ok(known.encoded.clone())
    }

    /// Begins to listen for new heads. Whoever listens polls once afterwards, to hear of what came before.
    pub fn listen(&self, caller: &Caller) -> Box<dyn Subscription> {
        self.bus.subscribe(Topic::Account(caller.account))
    }

    /// The message for heads that were read or written just now.
    pub(crate) fn message(&self, account: AccountId, heads: &Heads) -> v1::Heads {
        let known = self.known.get(&account);
        self.receipts.heads(account, heads, known.as_deref().map(|known| &known.message))
    }

    /// Takes note of an accepted write and wakes the account's devices; the message that the writer gets.
    pub(crate) fn accepted(&self, account: AccountId, heads: Heads, roster: Arc<Roster>) -> v1::Heads {
        let message = self.message(account, &heads);
        self.note(account, heads, message.clone(), roster);
        self.bus.publish(Topic::Account(account));
        message
    }

    /// Forgets a deleted account and wakes its devices.
    pub(crate) fn deleted(&self, account: AccountId) {
        self.known.invalidate(&account);
        self.bus.publish(Topic::Account(account));
    }

    async fn read(&self, account: AccountId) -> Result<Arc<Known>, HeadError> {
        let (heads, roster) = self.rosters.current(account).await?;
        let message = self.message(account, &heads);
        Ok(self.note(account, heads, message, roster))
    }

    fn note(&self, account: AccountId, heads: Heads, message: v1::Heads, roster: Arc<Roster>) -> Arc<Known> {
        let encoded = Bytes::from(message.encode_to_vec());
        let known = Arc::new(Known { heads, message, encoded, roster, read_at: self.clock.now() });
        // Two writes may come to be noted in the other order: the later head stays.
        if self.known.get(&account).is_none_or(|before| !before.heads.is_after(&known.heads)) {
            self.known.insert(account, Arc::clone(&known));
        }
        known
    }
}

impl Heads {
    fn is_after(&self, other: &Self) -> bool {
        (self.roster_seq, self.vault_seq) > (other.roster_seq, other.vault_seq)
            && self.roster_seq >= other.roster_seq
            && self.vault_seq >= other.vault_seq
    }
}

/// Accounts whose heads are in memory.
const KEPT: u64 = 10_000;
