//! What a device keeps: the two chains as they were received, envelopes, its own sealed secrets and unsent edits.
//!
//! Nothing here is readable without the passphrase or a keyring's key but what the server knows as well. [`Storage`] is a trait, so that a
//! phone can bring its own; [`SqliteStorage`] is the one for everybody else.

mod error;
mod mark;
mod records;
mod sqlite;
mod step;
mod writes;

use async_trait::async_trait;
use keyfold_crypto::Hash;
use keyfold_ledger::{Chain, Element};
use keyfold_wire::{ItemId, v1::Signed};

pub use error::StorageError;
pub use mark::Mark;
pub use records::{
    AuthenticatorRecord, Chains, Condition, Edit, Farewell, Fault, Head, LockState, Outbox, OutboxKind, Past, Profile,
    Quarantined, Revision, Says, SealedKey, SealedLink, Shown, Stop, StoredItem,
};
pub use sqlite::SqliteStorage;
pub use step::Step;
pub use writes::{Staged, Write};

/// A profile's storage. Every call is atomic: it happens as a whole, durably, or not at all.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Waits until no other process changes this profile's chains. Held around one step, never while a person is asked.
    async fn step(&self) -> Result<Step, StorageError>;

    /// How all of it stands, and how it is locked. While the mark is the same nothing has been written, by no process.
    async fn glance(&self) -> Result<(Mark, LockState), StorageError>;

    /// The profile; `None` before an account is made here, or somebody asks to be let into one.
    async fn profile(&self) -> Result<Option<Profile>, StorageError>;

    /// What [`Write::KeyringSecrets`] keeps: the bytes of `KeyringSecrets`.
    async fn keyring_secrets(&self) -> Result<Option<Vec<u8>>, StorageError>;

    /// What [`Write::Farewell`] keeps, until another profile begins.
    async fn farewell(&self) -> Result<Option<Farewell>, StorageError>;

    /// How the profile is locked. An empty one is as [`LockState::default`] says.
    async fn lock_state(&self) -> Result<LockState, StorageError>;

    /// Counts an attempt at the passphrase at `at`, unless the count is no longer `seen`: then nothing is counted.
    async fn count_guess(&self, seen: u32, at: u64) -> Result<bool, StorageError>;

    /// Takes one attempt back that was none.
    async fn return_guess(&self) -> Result<(), StorageError>;

    /// The passphrase was right: nothing is counted any more, and the profile is unlocked and in use at `at`.
    async fn opened(&self, at: u64) -> Result<(), StorageError>;

    /// The profile is in use at `at`.
    async fn used(&self, at: u64) -> Result<(), StorageError>;

    /// After how many milliseconds without use it locks by itself; `None` for never.
    async fn lock_after(&self, idle: Option<u64>) -> Result<(), StorageError>;

    /// What this device's authenticator keeps of itself under this name, sealed.
    async fn authenticator_record(&self, record: AuthenticatorRecord) -> Result<Option<Vec<u8>>, StorageError>;

    /// Keeps another in its place (`None`: none), durably, if `before` is still what is kept. Whether it was.
    async fn replace_authenticator_record(
        &self,
        record: AuthenticatorRecord,
        before: Option<Vec<u8>>,
        after: Option<Vec<u8>>,
    ) -> Result<bool, StorageError>;

    /// Both chains' state.
    async fn chains(&self) -> Result<Chains, StorageError>;

    /// The hash of commit `seq`, if this device holds it.
    async fn commit_head(&self, seq: u64) -> Result<Option<Hash>, StorageError>;

    /// What the server acknowledged of a chain at `seq`, if this device stood there.
    async fn receipt(&self, chain: Chain, seq: u64) -> Result<Option<Head>, StorageError>;

    /// Those of `items` that the vault counts.
    async fn elements(&self, items: &[ItemId]) -> Result<Vec<Element>, StorageError>;

    /// Every item with the revision to show.
    async fn items(&self) -> Result<Vec<StoredItem>, StorageError>;

    /// One item with the revision to show.
    async fn item(&self, item: ItemId) -> Result<Option<StoredItem>, StorageError>;

    /// What is kept of an item's good revisions that said something new, newest first.
    async fn history(&self, item: ItemId) -> Result<Vec<Past>, StorageError>;

    /// What [`Write::Proof`] keeps.
    async fn proof(&self) -> Result<Option<Vec<u8>>, StorageError>;

    /// What [`Write::LookedForPurges`] keeps.
    async fn looked_for_purges(&self) -> Result<Option<u64>, StorageError>;

    /// The items whose latest revision is not shown for just this reason.
    async fn quarantined(&self, reason: &str) -> Result<Vec<Quarantined>, StorageError>;

    /// Seq of the first commit, of those with a revision of this item that is later than the one shown, whose revision is not
    /// shown for just this reason.
    async fn first_quarantined(&self, item: ItemId, reason: &str) -> Result<Option<u64>, StorageError>;

    /// The first `limit` items whose latest revision is good and encrypted under an earlier epoch than this, oldest epoch
    /// first.
    async fn of_earlier_epochs(&self, epoch: u64, limit: usize) -> Result<Vec<ItemId>, StorageError>;

    /// How many of these there are.
    async fn count_of_earlier_epochs(&self, epoch: u64) -> Result<u64, StorageError>;

    /// Commit `seq`, if this device holds it.
    async fn commit(&self, seq: u64) -> Result<Option<Signed>, StorageError>;

    /// The envelope with this hash, if it is kept.
    async fn envelope(&self, hash: Hash) -> Result<Option<Vec<u8>>, StorageError>;

    /// Edits that are not in an acknowledged commit, oldest first.
    async fn edits(&self) -> Result<Vec<Edit>, StorageError>;

    /// How many edits wait.
    async fn count_edits(&self) -> Result<u64, StorageError>;

    /// Keeps edits, sealed under the device's local key, with the item each is of.
    async fn add_edits(&self, edits: Vec<(ItemId, Vec<u8>)>) -> Result<(), StorageError>;

    /// What was sent, or was about to be, and is not known to be accepted.
    async fn outbox(&self, kind: OutboxKind) -> Result<Option<Outbox>, StorageError>;

    /// What [`Write::PutEnrolment`] keeps.
    async fn enrolment(&self) -> Result<Option<Vec<u8>>, StorageError>;

    /// How many enrolments failed at or after `since` (Unix milliseconds).
    async fn enrolment_failures(&self, since: u64) -> Result<u32, StorageError>;

    /// Counts a failed enrolment.
    async fn add_enrolment_failure(&self, at: u64) -> Result<(), StorageError>;

    /// Lays down what a pull brings. It is invisible until [`Storage::apply`] moves the heads over it.
    async fn stage(&self, step: &Step, staged: Vec<Staged>) -> Result<(), StorageError>;

    /// Makes all the changes or none.
    async fn apply(&self, step: &Step, writes: Vec<Write>) -> Result<(), StorageError>;
}
