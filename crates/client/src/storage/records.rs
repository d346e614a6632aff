use std::fmt;

use crate::rfc3339;
use keyfold_crypto::Hash;
use keyfold_ledger::{Element, VaultParts};
use keyfold_wire::{
    AccountId, ItemId, MemberId,
    v1::{self, Signed},
};

/// Who this device is, and whom it trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The account.
    pub account: AccountId,
    /// This device.
    pub device: MemberId,
    /// The server's public URL, without a trailing slash.
    pub server: String,
    /// The CA certificates in PEM that this profile pins; `None` for the platform's.
    pub ca: Option<Vec<u8>>,
    /// The bytes of `SealedSecrets`.
    pub sealed_secrets: Vec<u8>,
    /// How far the profile has come.
    pub condition: Condition,
    /// Why sync stopped, until the user acts.
    pub stopped: Option<Stop>,
}

/// How far a profile has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The account is made here and waits for the server's word.
    Creating,
    /// The device asks to be let into the account. Whether it is, is not known here, and nothing of it is verified yet.
    Enrolling,
    /// The device waits to be let in by a recovery code. What it holds of the account is the founding, verified.
    Recovering,
    /// The device was enrolled and has yet to take the vault as its AddDevice entry names it.
    Joining,
    /// In use.
    Active,
}

/// Why sync stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// A short, stable code.
    pub code: String,
    /// One line for a person.
    pub detail: String,
    /// Unix milliseconds.
    pub at: u64,
}

/// A head that the server acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The last seq.
    pub seq: u64,
    /// Its hash.
    pub head: Hash,
    /// The server's receipt.
    pub receipt: Signed,
}

/// The epoch key that a roster entry has for this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// The entry.
    pub roster_seq: u64,
    /// As the entry's hash names it.
    pub sealed: Vec<u8>,
}

/// An earlier epoch key under a later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedLink {
    /// The entry that rotated to the later epoch.
    pub roster_seq: u64,
    /// The earlier epoch.
    pub epoch: u64,
    /// As the entry's hash names it.
    pub sealed: Vec<u8>,
}

/// Both chains, as this device has verified them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chains {
    /// From genesis on, verbatim.
    pub entries: Vec<Signed>,
    /// What entries have for this device.
    pub sealed_keys: Vec<SealedKey>,
    /// Links between epochs.
    pub links: Vec<SealedLink>,
    /// `None` until the vault was pulled once.
    pub vault: Option<VaultParts>,
    /// What the server acknowledged of the roster.
    pub roster_head: Option<Head>,
    /// What the server acknowledged of the vault.
    pub vault_head: Option<Head>,
}

/// Why a revision is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The revision.
    pub revision: u64,
    /// Who wrote it; `None` if it came by a snapshot and no commit of this device's names it.
    pub author: Option<MemberId>,
    /// One line for a person.
    pub reason: String,
}

/// The revision of an item that people see: the newest that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its number.
    pub revision: u64,
    /// Who wrote it; `None` as in [`Fault::author`].
    pub author: Option<MemberId>,
    /// The bytes of the envelope.
    pub envelope: Vec<u8>,
}

/// An item and what there is to show of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// What the vault counts.
    pub element: Element,
    /// The newest good revision.
    pub shown: Option<Shown>,
    /// What is wrong with the newest, if it is not the one shown.
    pub fault: Option<Fault>,
}

/// What an authenticator keeps of itself on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthenticatorRecord {
    /// The PIN with its retries, and settings.
    State,
    /// Entries of the large-blob array that are of no passkey here.
    ForeignBlobs,
    /// What the tenants of the account have given this device, to vouch for it.
    Tenants,
    /// The keys of the passkeys that are bound to this device.
    BoundKeys,
}

impl AuthenticatorRecord {
    /// Its name in storage, and in what it is sealed with.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::ForeignBlobs => "foreign-blobs",
            Self::Tenants => "tenants",
            Self::BoundKeys => "bound-keys",
        }
    }
}

/// A revision that a pull or push brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Which item.
    pub item: ItemId,
    /// Its number.
    pub revision: u64,
    /// Hash of its envelope; `None` for a tombstone that was not justified.
    pub envelope: Option<Hash>,
    /// Seq of its commit; `None` as in [`Fault::author`].
    pub seq: Option<u64>,
    /// Who wrote it; `None` as in [`Fault::author`].
    pub author: Option<MemberId>,
    /// The epoch under whose key its envelope opens; `None` where it is not shown.
    pub epoch: Option<u64>,
    /// Whether it says something new.
    pub says: Says,
    /// Why it is not shown.
    pub fault: Option<String>,
}

/// What a revision adds to its item's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Something.
    New,
    /// What the one before it said: it was encrypted anew, or used.
    Again,
}

/// Who may open a profile now, and how often somebody has tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockState {
    /// Only by its passphrase.
    pub is_locked: bool,
    /// The same once it was not used for so many milliseconds; `None` for never.
    pub idle_after: Option<u64>,
    /// When it was opened last, Unix milliseconds.
    pub used_at: Option<u64>,
    /// Passphrases that were tried since the last right one.
    pub guesses: u32,
    /// When the last of them was, Unix milliseconds.
    pub guessed_at: Option<u64>,
}

impl Default for LockState {
    /// Open, and locked after eight hours without use.
    fn default() -> Self {
        Self { is_locked: false, idle_after: Some(8 * 60 * 60 * 1_000), used_at: None, guesses: 0, guessed_at: None }
    }
}

/// What is left of a device that was removed from its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farewell {
    /// The account.
    pub account: AccountId,
    /// What people call the device that removed it.
    pub remover: String,
    /// When, by that device's clock: Unix milliseconds.
    pub at: u64,
    /// Edits of this device that no acknowledged commit held: they are lost.
    pub unsent: u64,
}

impl fmt::Display for Farewell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, remover, at, unsent } = self;
        let at = rfc3339(*at);
        write!(
            f,
            "this device was removed from the account {account} by \"{remover}\" at {at}, and its vault was wiped"
        )?;
        match unsent {
            0 => Ok(()),
            1 => f.write_str("; one change that was never sent is lost with it"),
            many => write!(f, "; {many} changes that were never sent are lost with it"),
        }
    }
}

/// A good revision that said something new, and is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its number.
    pub revision: u64,
    /// Who wrote it; `None` as in [`Fault::author`].
    pub author: Option<MemberId>,
    /// The bytes of the envelope.
    pub envelope: Vec<u8>,
}

/// A quarantined revision that is its item's latest, and what is stored of how it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// What the vault counts.
    pub element: Element,
    /// Seq of its commit; `None` as in [`Fault::author`].
    pub seq: Option<u64>,
    /// The envelope of the revision before it (`None` inside for revision 1); `None` where that is not kept.
    pub previous: Option<Option<Hash>>,
}

/// An edit that is not in an acknowledged commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Its number in this profile.
    pub id: i64,
    /// Which item.
    pub item: ItemId,
    /// Sealed under the device's local key.
    pub sealed: Vec<u8>,
}

/// What is in an outbox: at most one message of each kind waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxKind {
    /// `CreateAccount`.
    Account,
    /// `AppendEntry`.
    Roster,
    /// `Push`.
    Commit,
}

/// A message kept as the exact bytes to send, from before the first attempt until the server's word is known.
#[derive(Clone, PartialEq, Eq)]
pub struct Outbox {
    /// Which route it is for.
    pub kind: OutboxKind,
    /// The request's body.
    pub message: Vec<u8>,
    /// The edits that a commit carries.
    pub edits: Vec<i64>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The message may carry an invitation.
        let Self { kind, message, edits } = self;
        write!(f, "Outbox({kind:?}, {} bytes, edits {edits:?})", message.len())
    }
}

impl From<v1::SealedEpochKey> for SealedKey {
    fn from(key: v1::SealedEpochKey) -> Self {
        Self { roster_seq: key.roster_seq, sealed: key.sealed }
    }
}

impl From<v1::SealedLink> for SealedLink {
    fn from(link: v1::SealedLink) -> Self {
        Self { roster_seq: link.roster_seq, epoch: link.epoch, sealed: link.sealed }
    }
}
