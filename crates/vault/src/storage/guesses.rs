use async_trait::async_trait;
use keyfold_wire::{AccountId, MemberId};

use super::StorageError;

/// How many wrong guesses a device has, and for how long each counts.
#[derive(Debug, Clone, Copy)]
pub struct GuessWindow {
    /// The most wrong guesses of one window.
    pub limit: u16,
    /// Milliseconds from the first wrong guess until all are forgotten.
    pub length: u64,
}

/// Counts a device's wrong short codes. A guess is counted before it is tried and given back if it was right: guesses
/// made at the same time cannot slip past the limit.
#[async_trait]
pub trait GuessStorage: Send + Sync {
    /// Counts a guess; `false` if the device has none left.
    async fn count_guess(
        &self,
        account: AccountId,
        device: MemberId,
        window: GuessWindow,
        now: u64,
    ) -> Result<bool, StorageError>;

    /// Gives a right guess back.
    async fn return_guess(&self, account: AccountId, device: MemberId) -> Result<(), StorageError>;
}

/// Nonces that may be used once.
#[async_trait]
pub trait NonceStorage: Send + Sync {
    /// Uses the nonce; `false` if the account has used it before. It is remembered until `expires_at` at least.
    async fn use_nonce(&self, account: AccountId, nonce: [u8; 16], expires_at: u64) -> Result<bool, StorageError>;
}
