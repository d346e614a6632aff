use keyfold_crypto::Hash;
use keyfold_ledger::{Chain, Element, VaultParts};
use keyfold_wire::{ItemId, v1::Signed};

use super::{Condition, Farewell, Head, Outbox, OutboxKind, Profile, Revision, SealedKey, SealedLink, Stop};

/// One change of a profile's storage.
#[derive(Debug, Clone)]
pub enum Write {
    /// The profile begins.
    Profile(Box<Profile>),
    /// It has come further.
    Condition(Condition),
    /// The device's secrets under another passphrase.
    SealedSecrets(Vec<u8>),
    /// The device's secrets under a key that a keyring keeps, in place of those under an older one.
    KeyringSecrets(Vec<u8>),
    /// A keyring opens them no more.
    ClearKeyringSecrets,
    /// Sync stopped, or may go on.
    Stopped(Option<Stop>),
    /// Nothing but the passphrase opens the profile from here on.
    Lock,
    /// What proves that the server has signed two histories.
    Proof(Vec<u8>),
    /// Everything is forgotten.
    Erase,
    /// Why, if somebody should ask.
    Farewell(Farewell),
    /// The next roster entry.
    Entry {
        /// Its seq.
        seq: u64,
        /// As it was received.
        entry: Signed,
    },
    /// An epoch key for this device.
    SealedKey(SealedKey),
    /// A link between epochs.
    Link(SealedLink),
    /// The vault chain has come to here. Staged commits up to it become visible.
    Vault(Box<VaultParts>),
    /// The server's word on a chain's head.
    Head(Chain, Head),
    /// An item's latest revision.
    Element(Element),
    /// The epoch that an item's latest revision is in.
    Epoch(ItemId, u64),
    /// A revision. Of those that say something new the last ten stay, good and quarantined ones each; the others, and
    /// envelopes that nothing names any more, go.
    Revision(Revision),
    /// Every readable revision of an item goes: a justified tombstone.
    Purge(ItemId),
    /// These edits are in an acknowledged commit, or have no effect.
    DropEdits(Vec<i64>),
    /// A message is about to be sent.
    PutOutbox(Outbox),
    /// Its fate is known.
    ClearOutbox(OutboxKind),
    /// This device's own enrolment, as far as it has come; sealed under the device's local key.
    PutEnrolment(Vec<u8>),
    /// The device has joined.
    ClearEnrolment,
    /// This device has looked for passkeys to be purged, at this time (Unix milliseconds).
    LookedForPurges(u64),
    /// Whatever was staged and is not in force goes.
    Sweep,
}

/// What a pull lays down before it is verified as a whole.
#[derive(Debug, Clone)]
pub enum Staged {
    /// A commit.
    Commit {
        /// Its seq.
        seq: u64,
        /// Its hash.
        head: Hash,
        /// As it was received.
        commit: Signed,
    },
    /// An envelope under its hash.
    Envelope {
        /// `H(envelope)`.
        hash: Hash,
        /// As it was received.
        envelope: Vec<u8>,
    },
}
