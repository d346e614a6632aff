use keyfold_crypto::Hash;

/// Where the two chains of an account stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Seq of the latest roster entry.
    pub roster_seq: u64,
    /// Its hash.
    pub roster_head: Hash,
    /// Seq of the latest commit; 0 before the first.
    pub vault_seq: u64,
    /// Its hash; the vault-zero hash of the account before the first.
    pub vault_head: Hash,
}
