use async_trait::async_trait;
use keyfold_crypto::Hash;
use keyfold_ledger::{Element, SetState};
use keyfold_wire::{AccountId, ItemId, MemberId, v1::Signed};

use super::{Fences, Heads, StorageError, UsedEnrolment};

/// A roster entry that passed every check at `expected`.
#[derive(Debug, Clone)]
pub struct AppendWrite {
    /// The account.
    pub account: AccountId,
    /// The heads that the entry was checked against.
    pub expected: Heads,
    /// Hash of the entry, whose seq is the expected one + 1.
    pub hash: Hash,
    /// The entry.
    pub entry: Signed,
    /// The sealed epoch keys that the entry lists.
    pub sealed_keys: Vec<(MemberId, Vec<u8>)>,
    /// The links that the entry lists: earlier epoch and sealed key.
    pub links: Vec<(u64, Vec<u8>)>,
    /// What the account is charged for all of it.
    pub bytes_added: u64,
    /// The enrolment that the entry uses: it goes from [`EnrolmentStep::Opened`](super::EnrolmentStep::Opened) to
    /// [`EnrolmentStep::Added`](super::EnrolmentStep::Added) together with the roster, or neither does.
    pub enrolment: Option<UsedEnrolment>,
    /// It ends the wait for offers, and is taken only while there is one; else only while there is none.
    pub ends_offers: bool,
    /// The account's fences from then on, where the entry ends one.
    pub fences: Option<Fences>,
    /// What it does to how the account is found by its recovery code.
    pub lookup: Option<LookupChange>,
}

/// By what an account is found from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupChange {
    /// By what has this hash.
    Set(Hash),
    /// By nothing.
    Cleared,
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is durably there.
    Done,
    /// Another write came first; nothing was written.
    Moved,
    /// The enrolment was used, has failed or has expired; nothing was written.
    EnrolmentEnded,
}

/// What a push is checked against.
#[derive(Debug, Clone)]
pub struct PushBase {
    /// Where the account stands.
    pub heads: Heads,
    /// `at` of the latest commit, Unix milliseconds; 0 before the first.
    pub at: u64,
    /// Items that are not tombstones.
    pub count: u64,
    /// Items and tombstones.
    pub elements: u64,
    /// What the account is charged for all that is kept of it.
    pub bytes_used: u64,
    /// The set's state.
    pub set: SetState,
    /// The account came from a backup and waits for what its devices hold beyond.
    pub behind: bool,
    /// Whose turn it is to write, if others' writes kept somebody out.
    pub fences: Fences,
    /// The element of each item asked for that has one.
    pub changed: Vec<Element>,
    /// Bytes that come free when each of these items takes a further revision and its oldest kept envelope goes.
    pub reclaimed: u64,
}

/// One change of a commit, with its envelope.
#[derive(Debug, Clone)]
pub struct Change {
    /// The item's element after the commit.
    pub element: Element,
    /// `None` for a tombstone, and where an offer has it no more.
    pub envelope: Option<Vec<u8>>,
}

/// A commit that passed every check at `expected`.
#[derive(Debug, Clone)]
pub struct PushWrite {
    /// The account.
    pub account: AccountId,
    /// The heads that the commit was checked against.
    pub expected: Heads,
    /// Hash of the commit, whose seq is the expected one + 1.
    pub hash: Hash,
    /// The commit.
    pub commit: Signed,
    /// Its `at`.
    pub at: u64,
    /// Items that are not tombstones after it.
    pub count: u64,
    /// Items and tombstones after it.
    pub elements: u64,
    /// What the account is charged for it and its envelopes.
    pub bytes_added: u64,
    /// Bytes of the envelopes that drop out of the kept ones.
    pub bytes_reclaimed: u64,
    /// The set's state after it.
    pub set: SetState,
    /// Its changes.
    pub changes: Vec<Change>,
    /// When the last envelope of the items that it purges may go, Unix milliseconds.
    pub purge_due: u64,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is durably there.
    Done,
    /// Another write came first; nothing was written.
    Moved,
}

/// One step of a history that was lost and is offered again.
#[derive(Debug, Clone)]
pub enum Offered {
    /// The next roster entry, with the sealed keys that were offered beside it.
    Entry(AppendWrite),
    /// The next commit. What it reclaims is counted as it is written.
    Commit(PushWrite),
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// All of it is durably there.
    Done,
    /// The account stands elsewhere, or waits for no offers; nothing was written.
    Moved,
}

/// How many envelopes of an item are kept: the latest and those before it.
pub const KEPT_REVISIONS: u64 = 10;

/// The two chains grow.
#[async_trait]
pub trait ChainStorage: Send + Sync {
    /// Appends a roster entry, if the account still stands where it was checked and is not behind (or is, where the entry
    /// ends that), and uses its enrolment.
    async fn append(&self, write: AppendWrite) -> Result<Appended, StorageError>;

    /// What a push that changes `items` is checked against, all of it as of one moment; `None` if there is no such account.
    async fn push_base(&self, account: AccountId, items: &[ItemId]) -> Result<Option<PushBase>, StorageError>;

    /// Appends a commit and its envelopes, if the account still stands where it was checked and is not behind, and drops
    /// the envelopes that are then more than [`KEPT_REVISIONS`] old.
    async fn push(&self, write: PushWrite) -> Result<Written, StorageError>;

    /// Sets the account's fences, if they are still those `before`.
    async fn fence(&self, account: AccountId, before: &Fences, after: &Fences) -> Result<Written, StorageError>;

    /// Takes steps of a lost history, each checked against where the one before it leaves the account, if the account
    /// is behind.
    async fn offer(&self, steps: Vec<Offered>) -> Result<Taken, StorageError>;
}
