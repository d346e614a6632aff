use async_trait::async_trait;
use bytes::Bytes;
use keyfold_wire::AccountId;

/// Heads that replicas share. It may lose them, and whoever keeps it may lie: what it gives is held against the server's own
/// receipts, and nothing is signed for it.
#[async_trait]
pub trait HeadCache: Send + Sync {
    /// What a replica put there within the last second.
    async fn get(&self, account: AccountId) -> Option<CachedHeads>;

    /// Keeps an encoded `Heads` that was seen `age` milliseconds ago until it is a second old, unless it has some of a higher
    /// `order`. Never blocks.
    fn put(&self, account: AccountId, order: u64, heads: Bytes, age: u64);
}

/// What a cache gives.
#[derive(Debug, Clone)]
pub struct CachedHeads {
    /// An encoded `Heads`, as it was put.
    pub heads: Vec<u8>,
    /// How long ago, in milliseconds.
    pub age: u64,
}
