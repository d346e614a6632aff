use async_trait::async_trait;
use keyfold_ledger::Element;
use keyfold_wire::{AccountId, ItemId, MemberId, v1::Signed};

use super::StorageError;

/// A roster entry as it is stored.
#[derive(Debug, Clone)]
pub struct EntryRow {
    /// Its seq.
    pub seq: u64,
    /// Seq of the vault head that it names.
    pub vault_seq: u64,
    /// The entry.
    pub entry: Signed,
    /// The epoch key that the entry has for the member asked for.
    pub sealed_key: Option<Vec<u8>>,
    /// The links of the entry: earlier epoch and sealed key.
    pub links: Vec<(u64, Vec<u8>)>,
}

/// A commit as it is stored.
#[derive(Debug, Clone)]
pub struct CommitRow {
    /// Its seq.
    pub seq: u64,
    /// Seq of the roster entry that it names.
    pub roster_seq: u64,
    /// The commit.
    pub commit: Signed,
}

/// One revision of an item.
#[derive(Debug, Clone)]
pub struct RevisionRow {
    /// Seq of the commit that made it.
    pub seq: u64,
    /// As the set hash counts it.
    pub element: Element,
    /// Bytes of its envelope; 0 for a tombstone.
    pub size: u64,
}

/// The seqs from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first seq.
    pub first: u64,
    /// The last seq.
    pub last: u64,
}

/// Where a page of revisions begins: after this commit's change of this item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Seq of the commit.
    pub seq: u64,
    /// The item.
    pub item: ItemId,
}

/// What a pull reads, in pages, all of it as of the heads where the pull began.
#[async_trait]
pub trait PullStorage: Send + Sync {
    /// The first `limit` roster entries of the span, with the sealed keys of `member`, if one is asked for.
    async fn entries(
        &self,
        account: AccountId,
        span: Span,
        member: Option<MemberId>,
        limit: u64,
    ) -> Result<Vec<EntryRow>, StorageError>;

    /// The roster entry `seq` without keys; 0 is the genesis.
    async fn entry(&self, account: AccountId, seq: u64) -> Result<Option<EntryRow>, StorageError>;

    /// The first `limit` commits of the span.
    async fn commits(&self, account: AccountId, span: Span, limit: u64) -> Result<Vec<CommitRow>, StorageError>;

    /// The commit `seq`.
    async fn commit(&self, account: AccountId, seq: u64) -> Result<Option<CommitRow>, StorageError>;

    /// Each item that the span changed, as of the span's end, ascending by commit and item: the first `limit` after
    /// `cursor`.
    async fn changed(
        &self,
        account: AccountId,
        span: Span,
        cursor: Option<Cursor>,
        limit: u64,
    ) -> Result<Vec<RevisionRow>, StorageError>;

    /// The envelopes of these revisions that are still kept, in any order.
    async fn envelopes(
        &self,
        account: AccountId,
        revisions: &[(ItemId, u64)],
    ) -> Result<Vec<(ItemId, u64, Vec<u8>)>, StorageError>;
}
