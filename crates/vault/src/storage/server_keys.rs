use async_trait::async_trait;

use super::StorageError;

/// What a key of the server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Ed25519 seed that signs receipts; one, for good: devices pin it.
    Log,
    /// Secrets of sessions are derived from it; rotated.
    Session,
}

/// A key that all replicas share. It prints nothing of the secret.
#[derive(Clone)]
pub struct ServerKey {
    /// Ascending for each kind, from 1.
    pub kid: u32,
    /// Unix milliseconds.
    pub created_at: u64,
    /// 32 random bytes.
    pub secret: zeroize::Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerKey({})", self.kid)
    }
}

/// The server's own keys. They lie in the database, so that all replicas have the same and a restored backup still has
/// the log key that its devices pinned.
#[async_trait]
pub trait ServerKeyStorage: Send + Sync {
    /// The keys of a kind, the newest first.
    async fn server_keys(&self, kind: KeyKind) -> Result<Vec<ServerKey>, StorageError>;

    /// Adds a key; `false` if the kid is taken, because another replica was faster.
    async fn add_server_key(&self, kind: KeyKind, key: ServerKey) -> Result<bool, StorageError>;

    /// Forgets the keys of a kind that are older than `kid`.
    async fn retire_server_keys(&self, kind: KeyKind, kid: u32) -> Result<(), StorageError>;
}
