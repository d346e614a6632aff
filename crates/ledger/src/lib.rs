//! An account's two signed chains: the roster of its members and the commits of its vault.
//!
//! Pure: no I/O, no clock, no randomness but what the caller passes. The server and every device run the same code, so
//! what a device would refuse is never stored, and what a server would hide is found.
//!
//! Entries and commits come in as the exact bytes that their author signed ([`Entry::parse`], [`Commit::parse`]), are held
//! against the state before them ([`Roster::append`], [`Vault::push`]), and give the state after them; the old state stays
//! as it was. [`Account`] holds both chains against each other.
//!
//! Invariants:
//! - a state exists only for a chain whose every rule holds: signatures, order, authority, epochs, the set hash;
//! - nothing is accepted that does not name its predecessor's hash, so two histories never share a head;
//! - every list is bounded before it is read.
//!
//! ```
//! use keyfold_crypto::{MemberKeys, SigningAlgorithm, SigningKey, WrappingKey, random};
//! use keyfold_ledger::{Account, author};
//! let mut rng = random::system();
//! let device = author::Author { signing: SigningKey::generate(SigningAlgorithm::Ed25519, &mut rng), wrapping: WrappingKey::generate(&mut rng) };
//! let log_key = SigningKey::generate(SigningAlgorithm::Ed25519, &mut rng).verifying_key();
//! let description = keyfold_wire::v1::DeviceDescription { name: "Laptop".into(), platform: "linux".into(), agent: "example".into() };
//! let founded = author::found(&device, &description, &log_key, 1_700_000_000_000, &mut rng)?;
//! let account = Account::found(&founded.genesis, &founded.rotation)?;
//! assert_eq!((account.roster().seq(), account.vault().seq()), (1, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod account;
pub mod author;
mod body;
pub mod brief;
mod commit;
mod description;
mod element;
mod entry;
mod fork;
mod receipt;
mod roster;
mod safety_number;
mod set;
mod vault;

pub use account::{Account, AccountError};
pub use body::{AddDevice, AddRecovery, Body, Genesis, RecoveryBegin, RecoveryMember, Remove, Rotation, Transcript};
pub use commit::{Change, Commit, Content};
pub use description::{Description, DescriptionError, check_text, printable};
pub use element::{Element, Elements};
pub use entry::{Entry, EntryError};
pub use fork::{ForkError, ForkProof};
pub use receipt::{Chain, Receipt, ReceiptError};
pub use roster::{Device, Epoch, Member, PendingRecovery, Removed, Role, Roster, RosterError};
pub use safety_number::{SafetyNumber, heads_at};
pub use set::SetState;
pub use vault::{CommitError, Pushed, Vault, VaultParts, vault_zero};

/// At most so many active devices in an account.
pub const MAX_DEVICES: usize = 64;
/// At most so many items (tombstones not counted) in an account.
pub const MAX_ITEMS: u64 = 200_000;
/// At most so many changes in a commit.
pub const MAX_CHANGES: usize = 1_000;
/// At most so many earlier epochs' keys are linked by one rotation.
pub const MAX_LINKS: usize = 256;
/// At most so many tenants that an account has joined.
pub const MAX_TENANTS: usize = 8;
/// The longest delay of a recovery: 30 days in milliseconds.
pub const MAX_RECOVERY_DELAY: u64 = 30 * 24 * 60 * 60 * 1000;
/// A server refuses an `at` that is further ahead of its own clock: 5 minutes in milliseconds.
pub const MAX_AHEAD: u64 = 5 * 60 * 1000;
