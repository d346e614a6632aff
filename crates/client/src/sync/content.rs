use keyfold_crypto::{Hash, envelope::Envelope};
use keyfold_ledger::{Commit, Element};
use keyfold_wire::{AccountId, MemberId};

use crate::{
    item::{Item, PURGED_AFTER, Revision},
    storage::{Revision as Stored, Says},
    vault::EpochKeys,
};

/// What a verified commit says of an item's latest revision. A snapshot says less: its commits were not seen, but none
/// is later than its last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touch {
    pub(super) element: Element,
    pub(super) commit: Option<CommitOf>,
    /// The envelope of the revision before; `None` where it is not known.
    pub(super) previous: Option<Option<Hash>>,
    /// When the first revision was committed, Unix milliseconds, of those before it that this device is not shown any more.
    pub(super) unseen_since: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct CommitOf {
    pub(super) seq: u64,
    pub(super) author: MemberId,
    pub(super) at: u64,
    pub(super) epoch: u64,
}

/// What a good revision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Good {
    /// The epoch under whose key it opened.
    pub(super) epoch: u64,
    pub(super) says: Says,
}

impl Touch {
    /// The revision that was touched, as it was found to be.
    pub(super) fn revision(&self, examined: Result<Good, ContentFailure>) -> Stored {
        let (good, fault) = match examined {
            Ok(good) => (Some(good), None),
            Err(failure) => (None, Some(failure.to_string())),
        };
        Stored {
            item: self.element.item,
            revision: self.element.revision,
            envelope: self.element.envelope,
            seq: self.commit.map(|commit| commit.seq),
            author: self.commit.map(|commit| commit.author),
            epoch: good.map(|good| good.epoch),
            says: good.map_or(Says::New, |good| good.says),
            fault,
        }
    }
}

/// Why a revision's content is refused: its author wrote it so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ContentFailure {
    #[error("not an envelope: {0}")]
    Envelope(#[from] keyfold_crypto::envelope::EnvelopeError),
    #[error("an envelope that belongs elsewhere")]
    Elsewhere,
    #[error("{NO_KEY}")]
    NoKey,
    #[error("an envelope that does not open")]
    Unopenable,
    #[error("{0}")]
    Item(#[from] crate::item::ItemError),
    #[error("it does not follow the revision before it")]
    Previous,
    #[error("it changes what never changes, such as the passkey's key")]
    KeyMaterial,
    #[error("it purges a passkey that was not deleted 30 days before")]
    Purge,
}

/// The one fault that time may heal: the key may come later.
pub(super) const NO_KEY: &str = "this device has no key for it yet";

/// Opens an envelope whose hash a commit names, and holds it against that commit and the last good revision.
/// `last_commit_at` is the time of the vault's last commit.
pub(super) fn examine(
    account: AccountId,
    keys: &EpochKeys,
    touch: &Touch,
    last_commit_at: u64,
    last_good: Option<&Item>,
    bytes: &[u8],
) -> Result<Good, ContentFailure> {
    let envelope = Envelope::parse(account, bytes)?;
    let context = envelope.context();
    let element = &touch.element;
    let of_commit = match touch.commit {
        Some(commit) => context.at == commit.at && context.epoch == commit.epoch,
        None => context.at <= last_commit_at,
    };
    if context.item != element.item || context.revision != element.revision || !of_commit {
        return Err(ContentFailure::Elsewhere);
    }
    let key = keys.key(context.epoch).ok_or(ContentFailure::NoKey)?;
    let plaintext = envelope.open(key).map_err(|_| ContentFailure::Unopenable)?;
    let revision = Revision::decode(&plaintext, context.at, touch.commit.map(|commit| commit.author))?;
    if touch.previous.is_some_and(|previous| previous != revision.previous) {
        return Err(ContentFailure::Previous);
    }
    if last_good.is_some_and(|good| good.content != revision.item.content) {
        return Err(ContentFailure::KeyMaterial);
    }
    let says_the_same = last_good.is_some_and(|good| good.fields.say_the_same_as(&revision.item.fields));
    let says = if says_the_same { Says::Again } else { Says::New };
    Ok(Good { epoch: context.epoch, says })
}

/// Whether a tombstone made at `at` is justified: the user deleted the item at least 30 days before. A device that was away
/// from then on is not shown the deletion any more, and one that had no key then could not read it: to them a revision of that
/// time is one, of which `unread_since` tells when the first was committed.
pub(super) fn examine_purge(
    last_good: Option<&Item>,
    unread_since: Option<u64>,
    at: u64,
) -> Result<(), ContentFailure> {
    let deleted_at = last_good.and_then(|item| item.fields.deleted_at());
    let is_due = |since: u64| since.saturating_add(PURGED_AFTER) <= at;
    if deleted_at.into_iter().chain(unread_since).any(is_due) { Ok(()) } else { Err(ContentFailure::Purge) }
}

impl From<&Commit> for CommitOf {
    fn from(commit: &Commit) -> Self {
        Self { seq: commit.seq(), author: commit.author(), at: commit.at(), epoch: commit.epoch() }
    }
}
